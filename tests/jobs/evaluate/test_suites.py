"""``iirl evaluate`` over files of every kind of suite: a small real model, a real Ray."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from cluster.session import Session
from iirl_core.artifact import CorpusEntry, load_from, seal
from iirl_core.canonical import Digest, digest_bytes
from iirl_core.config.suites import TransferSection
from iirl_core.corpus import write_corpus
from iirl_core.evaluation import (
    BASELINES,
    Columns,
    Evaluation,
    SuiteFacts,
    judged_of,
    parse_evaluation,
    prompt_digest,
    read_judged,
)
from iirl_core.store import DirectoryStore
from jobs import evaluate, score
from jobs.console import Progress
from jobs.evaluate.contamination import seen_policies, trained_prompts
from jobs.evaluate.suites import seen_of
from jobs.evaluate.table import table_rows, warnings
from tests.iirl_core.artifact.samples import trajectory_draft
from tests.jobs.evaluate.asked import THINGS, judged, make_artifact, make_config, polite, rude, write
from tests.jobs.train.made import demonstration
from tests.jobs.wheel import quiet


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("manners")
    _, digest = make_artifact(folder)
    return folder, digest


def sides(thing: str) -> dict[str, object]:
    return {
        "prompt": f"Can you help me with the {thing}?",
        "chosen": polite(thing).answer,
        "rejected": rude(thing).answer,
    }


def every_suite(folder: Path, digest: str) -> list[dict[str, object]]:
    """Of things that were unseen, but for ``pairs``, in which all are and one row is bad and one's sides are equal."""
    new = ["oven", "ticket", "boiler", "lamp", "parcel"]
    equal = {"prompt": "Same?", "chosen": "same", "rejected": "same"}
    pairs = write(folder / "pairs.jsonl", [*map(sides, THINGS), {"prompt": "no sides"}, "{broken", equal])
    bench = write(folder / "bench.jsonl", [{**sides(one), "subset": "alpacaeval-easy"} for one in new])
    four = [
        {
            "prompt": f"And the {thing}?",
            "chosen": [polite(thing).answer],
            "rejected": [rude(thing).answer, "No.", "Go away!!!"],
            "subset": "Safety",
            "id": str(number),
        }
        for number, thing in enumerate(new)
    ]
    ties = [
        {"prompt": "p", "chosen": ["Of course!", "Gladly!"], "rejected": ["NO!!!"], "subset": "Ties", "id": "tied:1"},
        {"prompt": "q", "chosen": ["Of course!"], "rejected": ["NO!!!"], "subset": "Ties", "id": "ref:1"},
    ]
    styles = [
        {
            "prompt": f"About the {thing}?",
            "chosen": [f"Of course, the {thing}.", polite(thing).answer, f"**{polite(thing).answer}**"],
            "rejected": ["No!!!", rude(thing).answer, f"**{rude(thing).answer}**"],
            "domain": "chat",
        }
        for thing in new
    ]
    answers = write(folder / "answers.jsonl", [row for thing in new for row in judged(thing)])
    return [
        {"kind": "pairs", "name": "all", "files": [pairs]},
        {"kind": "rewardbench", "name": "rb", "files": [bench]},
        {"kind": "rewardbench2", "name": "rb2", "files": [write(folder / "rb2.jsonl", [*four, *ties])]},
        {"kind": "rm_bench", "name": "rm", "files": [write(folder / "rm.jsonl", styles)]},
        {"kind": "judge", "name": "gpt", "files": [answers], "judge": "preference"},
        {"kind": "transfer", "name": "new", "files": [answers], "judge": "preference", "seen": ["good", "bad"]},
        {"kind": "best_of_n", "name": "own", "files": [answers], "golden": {"kind": "artifact", "artifact": digest}},
    ]


@pytest.fixture(scope="module")
def ran(ray_session: None, made: tuple[Path, str]) -> tuple[Evaluation, str]:
    """What one run over all suites kept, and what it said."""
    folder, digest = made
    session, heard = Session(DirectoryStore(folder / "store")), io.StringIO()
    config = make_config(folder, *every_suite(folder, digest))
    evaluate.run(session, config, Progress(Console(file=heard, width=200)))
    artifact = load_from(session.store, Digest(digest))
    return parse_evaluation(session.store.get(evaluate.evaluation_key(artifact))), heard.getvalue()


@pytest.mark.ray
def test_every_suite_has_its_figures_each_with_both_baselines(ran: tuple[Evaluation, str]) -> None:
    evaluation, _ = ran
    names = {one.name for one in evaluation.estimates}
    expected = {
        "pairs/all",
        "rewardbench/rb/Chat",
        "rewardbench/rb/overall",
        "rewardbench2/rb2/Safety",
        "rewardbench2/rb2/Ties",
        "rewardbench2/rb2/overall",
        "rm_bench/rm/easy",
        "rm_bench/rm/hard",
        "rm_bench/rm/chat",
        "rm_bench/rm/overall",
        "judge/gpt/agreement",
        "judge/gpt/policies",
        "transfer/new/seen",
        "transfer/new/unseen",
        "best_of_n/own/golden@4",
        "best_of_n/own/win@4",
    }
    assert expected <= names
    assert {f"{base}/{name}" for base in BASELINES for name in expected} <= names
    assert not [name for name in names if "/kl@" in name], "four policies answered"


@pytest.mark.ray
def test_a_reward_of_politeness_tells_polite_from_rude(ran: tuple[Evaluation, str]) -> None:
    evaluation, _ = ran
    for name in ("rewardbench/rb/overall", "rm_bench/rm/normal", "pairs/all"):
        found = evaluation.estimate(name)
        assert found is not None
        assert found.value > 0.9
        assert found.low < found.value
    picked = evaluation.estimate("best_of_n/own/win@4")
    assert picked is not None
    assert picked.value == pytest.approx(7 / 8, abs=0.02), "an artifact that is its own golden scorer never errs"


@pytest.mark.ray
def test_what_was_trained_on_put_aside_and_equal_is_counted_and_said(ran: tuple[Evaluation, str]) -> None:
    evaluation, said = ran
    facts = {one.name: one for one in evaluation.suites}
    pairs = facts["all"]
    assert (pairs.rows, pairs.answers, pairs.prompts) == (13, 26, 13)
    assert (pairs.quarantined, pairs.equal, pairs.contaminated) == (2, 1, 8)
    assert [reason.split(":")[0] for reason in pairs.reasons] == ["pairs.jsonl line 13", "pairs.jsonl line 14"]
    assert facts["gpt"].contaminated == 0
    assert facts["gpt"].golden == "column preference"
    assert facts["own"].golden.endswith(evaluation.digest)
    assert "pairs/all is contaminated: 8 of its 13 prompts were trained on" in said
    assert "pairs/all: 2 rows were put aside, such as pairs.jsonl line 13" in said
    assert any(line[0] == "judge/gpt/agreement" and line[3] and line[4] for line in table_rows(evaluation))


@pytest.mark.ray
def test_the_page_lies_beside_the_figures_and_has_a_chapter_for_every_suite(
    ran: tuple[Evaluation, str], made: tuple[Path, str]
) -> None:
    evaluation, _ = ran
    folder, digest = made
    store = DirectoryStore(folder / "store")
    key = evaluate.evaluation_key(load_from(store, Digest(digest))).replace(".json", ".html")
    page = store.get(key).decode()
    for facts in evaluation.suites:
        assert f">{facts.kind} {facts.name}</h2>" in page
    for title in (
        "Golden score of the pick",
        "Policies by mean golden score",
        "Reliability diagram",
        "right answers (13)",
    ):
        assert title in page
    assert page.count("learnt from</span>") == 2, "the policies that transfer calls seen"


@pytest.mark.ray
def test_golden_scores_may_lie_in_a_file_that_iirl_score_wrote(
    ray_session: None, made: tuple[Path, str], tmp_path: Path
) -> None:
    folder, digest = made
    store = DirectoryStore(folder / "store")
    answers = write(tmp_path / "answers.jsonl", [row for thing in THINGS for row in judged(thing)])
    score.run(store, digest, Path(answers), str(tmp_path / "golden.jsonl"))
    lines = (tmp_path / "golden.jsonl").read_text(encoding="utf-8").splitlines()
    write(tmp_path / "golden.jsonl", lines[:-1])
    golden = {"kind": "scores", "files": [str(tmp_path / "golden.jsonl")]}
    suite = {"kind": "best_of_n", "name": "file", "files": [answers], "golden": golden, "policy": None}
    evaluate.run(Session(store), make_config(folder, suite), quiet())
    evaluation = parse_evaluation(store.get(evaluate.evaluation_key(load_from(store, Digest(digest)))))
    (facts,) = evaluation.suites
    assert (facts.rows, facts.quarantined) == (47, 1)
    assert "no golden score of this line" in facts.reasons[0]
    best, bound = (evaluation.estimate(f"best_of_n/file/{name}") for name in ("win@4", "kl@4"))
    assert best is not None
    assert best.value > 0.8
    assert bound is not None, "all answers are of the policy that the file is named after"


def test_policies_are_seen_that_the_section_or_the_artifact_s_corpora_name() -> None:
    section = TransferSection(name="x", files=["f.jsonl"], judge="preference", seen=["good"])
    facts = [read_judged(row, Columns("model", "preference"), "f").facts() for row in judged("oven")]
    data = judged_of(facts, np.zeros(4), np.zeros((4, 1)), np.zeros(4))
    assert seen_of(section, data, {"curt", "pi-0"}) == ("curt", "good"), "a corpus of curt's answers was learnt from"


def test_policies_are_seen_that_the_corpora_behind_an_artifact_or_its_ancestors_name(tmp_path: Path) -> None:
    session, digest = make_artifact(tmp_path)
    assert seen_policies(session.store, digest) == frozenset()
    rows = [demonstration(polite("oven"), "train")]
    corpus = write_corpus(session.store, "answers", rows, config={"origin": {"policy": "curt", "sampled": "fixed"}})
    entry = CorpusEntry("answers", "init-samples", corpus.digest)
    walker = seal(session.store, replace(trajectory_draft(), corpora=(entry,)))
    assert seen_policies(session.store, walker) == {"curt"}


def test_prompts_are_those_of_the_train_split_alone_and_there_may_be_more_where_a_corpus_is_gone(
    tmp_path: Path,
) -> None:
    session, digest = make_artifact(tmp_path)
    suspects = {prompt_digest(polite(thing)): thing for thing in [*THINGS, "oven"]}
    found = trained_prompts(session.store, digest, suspects)
    assert found.complete
    assert {suspects[prompt] for prompt in found.found} == set(THINGS[:8])
    shutil.rmtree(tmp_path / "store" / "corpora" / "rude")
    assert trained_prompts(session.store, digest, suspects) == replace(found, complete=False)


def test_a_reader_is_warned_of_what_nobody_knows(made: tuple[Path, str]) -> None:
    digest = digest_bytes(b"")
    facts = SuiteFacts("pairs", "x", {}, 1, 2, 1, 0, (), 0, None)
    said = warnings(Evaluation(digest, digest, {}, {}, 100, (), (facts,)))
    assert said == ["pairs/x: a corpus that was trained on is gone, so nobody knows whether its prompts were seen"]
