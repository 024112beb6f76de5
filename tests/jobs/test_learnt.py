from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.artifact import CorpusEntry
from iirl_core.canonical import JsonValue, digest_bytes
from iirl_core.config.corpora import CorpusSection
from iirl_core.corpus import Origin, write_corpus
from iirl_core.corpus.corpus import read_corpus
from iirl_core.demonstration import conversation
from iirl_core.policy import Initial, PolicyManifest, publish_policy
from iirl_core.store import DirectoryStore
from jobs.learnt import learnt_from
from tests.jobs.train.made import demonstration

ROWS = [demonstration(conversation("Open?", "Yes."), "train")]


def imitator(store: DirectoryStore, folder: Path, name: str, recorded: dict[str, JsonValue]) -> PolicyManifest:
    """A policy that imitated a corpus of which that was recorded."""
    model = folder / name
    model.mkdir()
    (model / "config.json").write_text("{}")
    shown = write_corpus(store, f"shown-to-{name}", ROWS, config=recorded)
    return publish_policy(
        store,
        model,
        name=name,
        initial=Initial("tiny", digest_bytes(b"before")),
        corpora=(CorpusEntry(shown.name, "demonstrations", shown.digest),),
        config={},
        environment={},
        metrics={},
    )


@pytest.mark.parametrize("take", ["chosen", None])
def test_answers_of_who_imitated_a_side_of_comparisons_are_as_good_as_that_side(
    tmp_path: Path, take: str | None
) -> None:
    store = DirectoryStore(tmp_path / "store")
    policy = imitator(store, tmp_path, "sft", {"take": take})
    write_corpus(store, "answers", ROWS, config={"origin": {"policy": policy.digest, "sampled": "fixed"}})
    told = learnt_from(CorpusSection(name="answers", role="sft-samples"), read_corpus(store, "answers"))
    assert told.side is (take is not None)
    assert [origin.policy for origin in told.origins] == [policy.digest]
    again = learnt_from(CorpusSection(name="shown-to-sft"), read_corpus(store, "shown-to-sft"))
    assert again.side is (take is not None), "whatever the configuration says now"


@pytest.mark.parametrize("sampled", ["fixed", "moving"])
def test_answers_of_who_imitated_a_moving_policys_answers_move_with_it(tmp_path: Path, sampled: str) -> None:
    """Two generations on: the imitator's answers are imitated again, and it is the second imitator who answers."""
    store = DirectoryStore(tmp_path / "store")
    first = imitator(store, tmp_path, "first", {"origin": {"policy": "somebody", "sampled": sampled}})
    second = imitator(store, tmp_path, "second", {"origin": {"policy": first.digest, "sampled": "fixed"}})
    write_corpus(store, "answers", ROWS, config={"origin": {"policy": second.digest, "sampled": "fixed"}})
    told = learnt_from(CorpusSection(name="answers", role="sft-samples"), read_corpus(store, "answers"))
    assert told.origins == (Origin(second.digest, sampled),)
