"""What is trained on and judged on at once is refused before anything starts."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.session import Session
from iirl_core.artifact import Artifact, CorpusEntry, load_from, seal
from iirl_core.config import Config
from iirl_core.corpus import read_corpus, write_corpus
from iirl_core.demonstration import Conversation, Message, Split, conversation
from iirl_core.errors import ConfigError, CorpusEmpty
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.train import run
from jobs.train.leakage import check_leakage
from jobs.train.learnable import read_sources
from tests.iirl_core.artifact.samples import trajectory_draft
from tests.jobs.train.made import (
    comparisons_config,
    demonstration,
    ingest,
    make_builder,
    make_comparisons,
    make_corpora,
    walks,
    walks_config,
)


def texts_config(folder: Path, **evaluate: object) -> Config:
    return Config.model_validate(
        {
            "name": "manners",
            "store": str(folder / "store"),
            "keys": str(folder / "keys"),
            "corpora": [
                {"name": "polite", "files": ["polite.jsonl"]},
                {"name": "rude", "files": ["rude.jsonl"], "role": "negatives"},
            ],
            "encoder": {"kind": "text"},
            "expertness": {"family": "discriminator"},
            "mapping": {"kind": "sigmoid"},
            "evaluate": evaluate,
            "audit": {"probes": {"empty": 10}},
        }
    )


def write(store: DirectoryStore, name: str, split: dict[str, float] | None, *records: tuple[str, Split]) -> None:
    rows = [demonstration(conversation(prompt, name), part) for prompt, part in records]
    write_corpus(store, name, rows, config=None if split is None else {"split": split})


@pytest.mark.parametrize("part", ["guard", "unseen"])
def test_a_prompt_of_train_that_another_corpus_holds_out_is_refused(
    store: DirectoryStore, tmp_path: Path, part: Split
) -> None:
    make_builder(tmp_path)
    write(store, "polite", {"train": 0.8}, ("a", "train"), ("b", "guard"), ("c", "train"))
    write(store, "rude", {"train": 0.5}, ("d", "train"), ("a", part), ("c", part))
    with pytest.raises(
        ConfigError, match=f"2 in the {part} split of corpus rude are also in the train split of polite"
    ) as caught:
        run(Session(store), texts_config(tmp_path), Progress())
    assert "\n" not in str(caught.value)
    assert not list(store.list("runs/"))


def test_corpora_that_share_no_prompt_may_be_split_differently(store: DirectoryStore, tmp_path: Path) -> None:
    write(store, "polite", {"train": 0.8}, ("a", "train"), ("b", "guard"))
    write(store, "rude", {"train": 0.5}, ("a", "train"), ("b", "unseen"))
    config = texts_config(tmp_path)
    check_leakage(config, read_sources(store, config))


def test_texts_without_a_prompt_are_each_their_own(store: DirectoryStore, tmp_path: Path) -> None:
    config = texts_config(tmp_path)

    def texts(name: str, share: float, *records: tuple[str, Split]) -> None:
        rows = [demonstration(Conversation((Message("assistant", text),)), part) for text, part in records]
        write_corpus(store, name, rows, config={"split": {"train": share}})

    texts("polite", 0.8, ("a", "train"), ("b", "guard"))
    texts("rude", 0.5, ("c", "train"), ("d", "unseen"))
    check_leakage(config, read_sources(store, config))
    texts("rude", 0.5, ("c", "train"), ("A ", "unseen"))
    with pytest.raises(ConfigError, match="1 in the unseen split of corpus rude are also in the train split of polite"):
        check_leakage(config, read_sources(store, config))


def test_what_a_parent_learnt_from_is_not_held_out_nor_the_other_way_round(
    store: DirectoryStore, tmp_path: Path
) -> None:
    """The corpora of a re-fit share no prompt with each other here; only with those that its parent was trained on."""
    write(store, "polite", {"train": 0.8}, ("a", "train"), ("b", "guard"))
    write(store, "rude", {"train": 0.8}, ("c", "train"), ("d", "unseen"))
    config = texts_config(tmp_path)
    sources = read_sources(store, config)

    def taught(*records: tuple[str, Split]) -> Artifact:
        write(store, "first", {"train": 0.5}, *records)
        entry = CorpusEntry("first", "demonstrations", read_corpus(store, "first").manifest.digest)
        return load_from(store, seal(store, replace(trajectory_draft(), corpora=(entry,))))

    check_leakage(config, sources, taught(("a", "train"), ("b", "guard"), ("e", "unseen")))
    with pytest.raises(ConfigError, match="1 in the unseen split of corpus first are also in the train split of polit"):
        check_leakage(config, sources, taught(("a", "unseen"), ("e", "train")))
    both = taught(("d", "train"), ("b", "train"))
    with pytest.raises(ConfigError, match="1 in the guard split of corpus polite are also in the train split of first"):
        check_leakage(config, sources, both)
    shutil.rmtree(tmp_path / "store" / "corpora" / "first")
    check_leakage(config, sources, both)


def test_where_train_fractions_are_the_same_nothing_is_read(store: DirectoryStore, tmp_path: Path) -> None:
    """Splits follow from the prompt there, so records like these cannot come from ingest."""
    write(store, "polite", {"train": 0.8}, ("a", "train"), ("b", "guard"))
    write(store, "rude", {"train": 0.8}, ("c", "train"), ("a", "unseen"))
    config = texts_config(tmp_path)
    check_leakage(config, read_sources(store, config))
    write(store, "rude", None, ("c", "train"), ("a", "unseen"))
    with pytest.raises(ConfigError, match="1 in the unseen split of corpus rude"):
        check_leakage(config, read_sources(store, config))


def test_a_trajectory_in_two_splits_is_refused(store: DirectoryStore, tmp_path: Path) -> None:
    make_corpora(store)
    config = walks_config(tmp_path)
    check_leakage(config, read_sources(store, config))
    shared = walks(60, 0.05, seed=0)[0]
    write_corpus(store, "wanderings", [demonstration(shared, part) for part in ("unseen",)])
    write_corpus(store, "walks", [demonstration(item, "train") for item in [shared]] + guard_of(1))
    with pytest.raises(ConfigError, match="1 in the unseen split of corpus wanderings"):
        check_leakage(config, read_sources(store, config))


def test_a_comparison_whose_sides_are_the_same_never_reaches_training(store: DirectoryStore, tmp_path: Path) -> None:
    make_comparisons(tmp_path)
    config = comparisons_config(tmp_path)
    path = tmp_path / "comparisons.jsonl"
    same = json.dumps({"prompt": "Same?", "chosen": "Yes.", "rejected": "Yes."}) + "\n"
    path.write_text(path.read_text() + same)
    ingest(store, config)
    sources = read_sources(store, config)
    for corpus in (*sources.demonstrations, *sources.negatives):
        assert [row.line for row in corpus.quarantined()] == [61]
        assert [reason[:36] for reason, _ in corpus.manifest.reasons] == ["chosen and rejected are the same text"[:36]]
    path.write_text(same)
    with pytest.raises(CorpusEmpty, match="the same text") as caught:
        ingest(store, config)
    assert "\n" not in str(caught.value)


def guard_of(count: int) -> list[object]:
    return [demonstration(item, "guard") for item in walks(count, 0.05, seed=7)]


def test_a_suite_that_asks_what_was_trained_on_is_refused(store: DirectoryStore, tmp_path: Path) -> None:
    for name in ("polite", "rude"):
        write(store, name, {"train": 0.8}, ("How do I pay?", "train"), ("b", "guard"), ("c", "unseen"))
    pairs = tmp_path / "pairs.jsonl"
    suite = {"kind": "pairs", "name": "manners-test", "files": [str(pairs)]}
    config = texts_config(tmp_path, suites=[suite])
    rows = [{"prompt": prompt, "chosen": "yes", "rejected": "no"} for prompt in ("c", "d")]
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows))
    check_leakage(config, read_sources(store, config))
    rows.append({"prompt": "how do I  PAY?", "chosen": "yes", "rejected": "no"})
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(ConfigError, match=r"1 of the 3 prompts of the suite manners-test .*decontaminate"):
        check_leakage(config, read_sources(store, config))


@pytest.mark.parametrize(
    "kind",
    [
        {"kind": "best_of_n", "golden": {"kind": "scores", "files": ["not-made-yet.jsonl"]}},
        {"kind": "best_of_n", "golden": {"kind": "column", "column": "not-there-yet"}},
        {"kind": "judge", "judge": "not-there-yet"},
    ],
)
def test_prompts_are_looked_at_before_their_golden_scores_are_made(
    store: DirectoryStore, tmp_path: Path, kind: dict[str, object]
) -> None:
    for name in ("polite", "rude"):
        write(store, name, {"train": 0.8}, ("a", "train"), ("b", "guard"), ("c", "unseen"))
    answers = tmp_path / "answers.jsonl"
    config = texts_config(tmp_path, suites=[{**kind, "name": "picks", "files": [str(answers)]}])
    answers.write_text(json.dumps({"prompt": "c", "response": "yes"}) + "\n")
    sources = read_sources(store, config)
    check_leakage(config, sources)
    answers.write_text(answers.read_text() + json.dumps({"prompt": "A", "response": "yes"}) + "\n")
    with pytest.raises(ConfigError, match="1 of the 2 prompts of the suite picks are in the train split"):
        check_leakage(config, sources)
