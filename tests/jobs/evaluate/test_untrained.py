"""Unseen records whose prompt was trained on in other letters are left out of the figures, and that is said."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from cluster.session import Session
from iirl_core.artifact import CorpusEntry, load_from
from iirl_core.canonical import Digest, canonical_json, digest_bytes, folder_of
from iirl_core.corpus import read_corpus, write_corpus
from iirl_core.demonstration import conversation
from iirl_core.errors import ConfigError
from iirl_core.evaluation import Evaluation, parse_evaluation, prompt_digest
from iirl_core.store import DirectoryStore
from jobs import evaluate
from jobs.console import Progress
from jobs.evaluate.contamination import TrainedPrompts, trained_prompts
from jobs.evaluate.unseen import Unseen, read_unseen
from jobs.evaluate.untrained import without_trained
from tests.iirl_core.report.test_page import words
from tests.jobs.evaluate.asked import make_artifact, make_config
from tests.jobs.train.made import demonstration, walks

GONE = "a corpus that was trained on is gone, so nobody knows whether more of their prompts were seen"


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "store")


def told(session: Session, folder: Path, digest: Digest) -> tuple[Evaluation, str, str]:
    """What an evaluation kept, what it said, and the words of its page."""
    heard = io.StringIO()
    evaluate.run(session, make_config(folder), Progress(Console(file=heard, width=200)))
    key = evaluate.evaluation_key(load_from(session.store, digest))
    page = session.store.get(key.replace(".json", ".html")).decode()
    return parse_evaluation(session.store.get(key)), heard.getvalue(), words(page)


def test_records_whose_prompt_was_trained_on_in_other_letters_are_left_out_and_that_is_said(tmp_path: Path) -> None:
    session, digest = make_artifact(tmp_path, {"BILL": "unseen", "  bus": "unseen", "Oven": "unseen"})
    evaluation, said, page = told(session, tmp_path, digest)
    assert evaluation.left_out == {"polite": 2, "rude": 2}
    assert evaluation.counts == {"polite": (3, 5), "rude": (3, 5)}
    line = "unseen split of rude: 2 of the 5 records that were read are left out, because their prompts, case and white"
    assert line in said
    assert line in page
    assert "left out 2 of 5 records of polite, 2 of 5 records of rude: their prompts, case and white space" in page


def test_the_figures_are_those_of_the_records_that_are_left(tmp_path: Path) -> None:
    with_some, _, _ = told(*_made(tmp_path / "some", {"BILL": "unseen", "Key": "unseen"}))
    without, said, page = told(*_made(tmp_path / "none", {}))
    assert with_some.estimates == without.estimates
    assert without.left_out == {"polite": 0, "rude": 0}
    assert without.counts == {"polite": (2, 2), "rude": (2, 2)}
    assert "left out" not in said + page
    assert "none no prompt of theirs, case and white space aside, was trained on" in page


def _made(folder: Path, placed: dict[str, object]) -> tuple[Session, Path, Digest]:
    folder.mkdir()
    session, digest = make_artifact(folder, placed)  # type: ignore[arg-type]
    return session, folder, digest


def test_where_a_corpus_is_gone_what_is_known_is_left_out_and_that_there_may_be_more_is_said(tmp_path: Path) -> None:
    written = write_corpus(DirectoryStore(tmp_path / "store"), "former", [demonstration(conversation("a", "b"))])
    former = CorpusEntry("former", "negatives", written.digest)
    session, digest = make_artifact(tmp_path, {"BILL": "unseen"}, [former])
    assert told(session, tmp_path, digest)[0].left_out == {"polite": 1, "rude": 1}
    shutil.rmtree(tmp_path / "store" / "corpora" / "former")
    evaluation, said, page = told(session, tmp_path, digest)
    assert (evaluation.left_out, evaluation.corpora_gone) == ({"polite": 1, "rude": 1}, True)
    assert evaluation.counts == {"polite": (2, 3), "rude": (2, 3)}
    assert f"unseen splits: {GONE}" in said
    assert (said + page).count("unseen splits: ") == 2, "once each"
    assert f"unseen splits: {GONE}" in page
    assert "were trained on; a corpus that was trained on is gone: nobody knows of more" in page


def test_an_ancestor_that_is_gone_leaves_it_unknown_what_it_was_trained_on(tmp_path: Path) -> None:
    session, digest = make_artifact(tmp_path, {"BILL": "unseen"})
    suspects = {prompt_digest(conversation("can you help me with the BILL?", "Yes."))}
    whole = trained_prompts(session.store, digest, suspects)
    assert (whole.found, whole.complete) == (suspects, True)
    manifest = json.loads(session.store.get(f"artifacts/{folder_of(digest)}/manifest.json"))
    data = canonical_json({**manifest, "parent": "sha256:" + "0" * 64})
    orphan = digest_bytes(data)
    session.store.put(f"artifacts/{folder_of(orphan)}/manifest.json", data)
    assert trained_prompts(session.store, orphan, suspects) == TrainedPrompts(whole.found, complete=False)


def test_what_an_ancestor_or_another_corpus_was_trained_on_counts(tmp_path: Path) -> None:
    asked = conversation("can you help me with the LAMP?", "Yes.")
    rows = [demonstration(asked, "train")]
    written = write_corpus(DirectoryStore(tmp_path / "store"), "former", rows)
    session, digest = make_artifact(tmp_path, behind=[CorpusEntry("former", "demonstrations", written.digest)])
    assert told(session, tmp_path, digest)[0].left_out == {"polite": 1, "rude": 1}


def test_a_split_of_which_nothing_is_left_is_refused_before_anything_is_scored(tmp_path: Path) -> None:
    session, _ = make_artifact(tmp_path, {"lamp": "train", "parcel": "guard", "BILL": "unseen", "KEY": "unseen"})
    heard = io.StringIO()
    with pytest.raises(ConfigError, match="of all 2 demonstrations that are read of the unseen split the prompt, case"):
        evaluate.run(session, make_config(tmp_path), Progress(Console(file=heard, width=200)))
    assert "evaluating" not in heard.getvalue()


def _unseen(store: DirectoryStore, *prompts: str) -> Unseen:
    write_corpus(store, "polite", [demonstration(conversation(one, "Yes."), "unseen") for one in prompts])
    return read_unseen(make_config(Path()).corpora[0], read_corpus(store, "polite"))


def test_what_is_left_keeps_its_order_and_its_prompts(store: DirectoryStore) -> None:
    whole = _unseen(store, "a", "b", "c", "A ")
    left = without_trained(whole, {prompt_digest(conversation("a", ""))})
    asked = [one.input.messages[0].content for one in left.demonstrations]  # type: ignore[union-attr]
    assert sorted(asked) == ["b", "c"]
    kept = dict(zip((one.id for one in whole.demonstrations), whole.prompts, strict=True))
    assert [kept[one.id] for one in left.demonstrations] == list(left.prompts) == sorted(left.prompts)
    assert (left.left_out, left.there) == (2, 4)
    assert without_trained(whole, frozenset()) == whole


def test_trajectories_have_no_prompt_and_stay(store: DirectoryStore) -> None:
    write_corpus(store, "walks", [demonstration(one, "unseen") for one in walks(3, 0.1, seed=0)])
    whole = read_unseen(make_config(Path()).corpora[0], read_corpus(store, "walks"))
    assert without_trained(whole, {"x"}) == whole
