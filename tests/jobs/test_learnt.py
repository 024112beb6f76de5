from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.artifact import CorpusEntry
from iirl_core.canonical import digest_bytes
from iirl_core.config.corpora import CorpusSection
from iirl_core.corpus import write_corpus
from iirl_core.corpus.corpus import read_corpus
from iirl_core.demonstration import conversation
from iirl_core.policy import Initial, publish_policy
from iirl_core.store import DirectoryStore
from jobs.learnt import learnt_from
from tests.jobs.train.made import demonstration


@pytest.mark.parametrize("take", ["chosen", None])
def test_answers_of_who_imitated_a_side_of_comparisons_are_as_good_as_that_side(
    tmp_path: Path, take: str | None
) -> None:
    store, model = DirectoryStore(tmp_path / "store"), tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    rows = [demonstration(conversation("Open?", "Yes."), "train")]
    shown = write_corpus(store, "shown", rows, config={"take": take})
    policy = publish_policy(
        store,
        model,
        name="sft",
        initial=Initial("tiny", digest_bytes(b"before")),
        corpora=(CorpusEntry("shown", "demonstrations", shown.digest),),
        config={},
        environment={},
        metrics={},
    )
    write_corpus(store, "answers", rows, config={"origin": {"policy": policy.digest, "sampled": "fixed"}})
    told = learnt_from(CorpusSection(name="answers", role="sft-samples"), read_corpus(store, "answers"))
    assert told.side is (take is not None)
    assert [origin.policy for origin in told.origins] == [policy.digest]
    again = learnt_from(CorpusSection(name="shown"), read_corpus(store, "shown"))
    assert again.side is (take is not None), "whatever the configuration says now"
