"""What a run learns from, as its configuration says, and what its name and its claims follow from."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from iirl_core.artifact import Mode, Provenance, Supervision
from iirl_core.canonical import JsonValue
from iirl_core.config import Config
from iirl_core.corpus import origin_of, read_corpus, write_corpus
from iirl_core.errors import Tampered
from iirl_core.store import DirectoryStore
from jobs.train.learnable import read_sources
from jobs.train.naming import run_name
from jobs.train.sources import parts_of
from tests.jobs.train.made import (
    changed,
    comparisons_config,
    demonstration,
    ingest,
    make_comparisons,
    make_corpora,
    walks,
    walks_config,
    write_walks,
)


def test_a_shard_that_was_changed_is_never_encoded(store: DirectoryStore, tmp_path: Path) -> None:
    make_corpora(store)
    sources = read_sources(store, walks_config(tmp_path))
    assert sum(source.rows for source in sources.shards()) == 100 * 30
    shard = next((tmp_path / "store" / "corpora" / "walks").rglob("*.parquet"))
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    with pytest.raises(Tampered):
        read_sources(store, walks_config(tmp_path)).shards()


def test_a_run_s_name_follows_what_decides_its_weights(store: DirectoryStore, tmp_path: Path) -> None:
    make_corpora(store)
    config = walks_config(tmp_path)
    sources = read_sources(store, config)
    name = run_name(config, sources)
    same = (
        walks_config(tmp_path, max_failures=2, checkpoint_every=7, cpus_per_worker=0.5),
        changed(config, mapping={"kind": "exponential", "contrast_reward": 0.05}, version="2.0.0"),
    )
    other = (walks_config(tmp_path, epochs=3), walks_config(tmp_path, zero_stage=2), changed(config, seed=1))
    assert {run_name(one, sources) for one in same} == {name}
    assert len({name, *(run_name(one, sources) for one in other)}) == 4
    write_corpus(store, "walks", [demonstration(item) for item in walks(61, 0.05, seed=0)])
    assert run_name(config, read_sources(store, config)) != name


def test_negatives_of_training_are_contrast_only_where_no_others_are(store: DirectoryStore, tmp_path: Path) -> None:
    write_walks(store, "walks", "train", "guard")
    write_walks(store, "wanderings", "train")
    two = changed(walks_config(tmp_path), expertness={"family": "discriminator"}, mapping={"kind": "sigmoid"})
    assert not parts_of(read_sources(store, two), two).guard_negatives
    write_walks(store, "wanderings", "train", "guard")
    assert parts_of(read_sources(store, two), two).guard_negatives


def test_comparisons_are_both_sides_of_every_record(store: DirectoryStore, tmp_path: Path) -> None:
    make_comparisons(tmp_path)
    config = comparisons_config(tmp_path)
    ingest(store, config)
    sources = read_sources(store, config)
    assert sources.count("demonstrations", "train") == sources.count("negatives", "train") > 20
    assert parts_of(sources, config).pairs
    chosen, rejected = (list(read_corpus(store, name).demonstrations()) for name in ("polite", "rude"))
    assert [one.comparison for one in chosen] == [one.comparison for one in rejected]
    assert [one.split for one in chosen] == [one.split for one in rejected]
    assert len({one.input for one in chosen}) < len(chosen) == 60  # an answer in two comparisons is there twice


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"corpora.0.paired": False}, "take: chosen and paired: true in polite"),
        ({"corpora.1.take": "chosen"}, "take: rejected and paired: true in rude"),
        ({"corpora.1.files": ["other.jsonl"]}, "take: chosen and take: rejected"),
        ({"corpora.1.split": {"train": 0.8, "guard": 0.1, "unseen": 0.1}}, "of one split"),
        ({"corpora.0.take": None}, "paired without take"),
        ({"train.batch": 15}, "not whole comparisons"),
        ({"train.batch": 18, "train.workers": 2}, "not whole comparisons for 2 workers"),
        ({"encoder": {"kind": "trajectory"}}, "text encoder"),
        ({"expertness.length_debias": -1.0}, "length_debias"),
        ({"expertness.label_smoothing": 0.5}, "label_smoothing"),
        ({"mapping": {"kind": "exponential"}}, "exponential"),
    ],
)
def test_comparisons_that_are_none_are_refused_in_the_configuration(
    tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    document = comparisons_config(tmp_path).model_dump(mode="json")
    for path, value in change.items():
        *parents, key = path.split(".")
        place = document
        for parent in parents:
            place = place[int(parent)] if isinstance(place, list) else place[parent]
        place[key] = value
    with pytest.raises(ValidationError, match=reason):
        Config.model_validate(document)


@pytest.mark.parametrize(
    ("recorded", "now", "mode"),
    [
        (None, None, Mode.STRICT),
        ("fixed", None, Mode.FROZEN_POLICY),
        (None, "moving", Mode.POLICY_ADAPTIVE),
        ("moving", "fixed", Mode.POLICY_ADAPTIVE),
    ],
)
def test_a_mode_follows_from_what_corpora_record_and_from_what_the_configuration_says(
    store: DirectoryStore, tmp_path: Path, recorded: str | None, now: str | None, mode: Mode
) -> None:
    def origin(sampled: str | None) -> dict[str, JsonValue] | None:
        return sampled and {"policy": "phi-2", "sampled": sampled}

    write_walks(store, "walks", "train", "guard")
    walk = demonstration(walks(1, 0.1, seed=3)[0], "train")
    write_corpus(store, "wanderings", [walk], config={"origin": origin(recorded)})
    document = walks_config(tmp_path).model_dump(mode="json")
    document["corpora"][1]["origin"] = origin(now)
    config = Config.model_validate(document)
    assert read_sources(store, config).provenance(config) == Provenance(mode, Supervision.WEAK)


def test_an_origin_that_is_none_is_not_passed_over(store: DirectoryStore) -> None:
    write_corpus(store, "walks", [demonstration(walks(1, 0.1, seed=3)[0])], config={"origin": {"policy": "phi-2"}})
    with pytest.raises(Tampered, match="sampled fixed or moving"):
        origin_of(read_corpus(store, "walks").manifest)


def test_a_reward_from_comparisons_says_preference(store: DirectoryStore, tmp_path: Path) -> None:
    make_comparisons(tmp_path)
    config = comparisons_config(tmp_path)
    ingest(store, config)
    assert read_sources(store, config).provenance(config) == Provenance(Mode.STRICT, Supervision.PREFERENCE)


@pytest.mark.parametrize(
    ("contrast", "shown", "negatives"),
    [
        ("init-sft", "fitted", "initial"),
        ("init-demo", "walks", "initial"),
        ("sft-demo", "walks", "fitted"),
        ("one-class", "walks", None),
    ],
)
def test_a_contrast_picks_what_is_learnt_from_and_the_manifest_says_it(
    store: DirectoryStore, tmp_path: Path, contrast: str, shown: str, negatives: str | None
) -> None:
    for name in ("walks", "initial", "fitted", "wanderings"):
        write_walks(store, name, "train", "guard")
    roles = {"walks": "demonstrations", "initial": "init-samples", "fitted": "sft-samples", "wanderings": "negatives"}
    config = changed(
        walks_config(tmp_path),
        corpora=[{"name": name, "role": role, "files": [f"{name}.npz"]} for name, role in roles.items()],
        contrast=contrast,
        expertness={"family": "discriminator", "corrupted": {"noised": 1.0}},
        mapping={"kind": "sigmoid"},
    )
    sources = read_sources(store, config)
    sides = [[corpus.manifest.name for corpus in side] for side in (sources.demonstrations, sources.negatives)]
    assert sides == [[shown], [negatives] if negatives else []]
    assert [(entry.name, entry.role) for entry in sources.entries()] == [
        (name, roles[name]) for side in sides for name in side
    ]
    assert parts_of(sources, config).corrupted == {"noised": 1.0}  # made of whatever plays the demonstrations
    mode = Mode.STRICT if contrast == "one-class" else Mode.FROZEN_POLICY
    assert sources.provenance(config) == Provenance(mode, Supervision.DEMONSTRATIONS_ONLY)


def test_only_answers_have_a_length_to_debias(tmp_path: Path) -> None:
    config = walks_config(tmp_path)
    expertness = {**config.expertness.model_dump(mode="json"), "length_debias": 0.1}
    with pytest.raises(ValidationError, match="give it a text encoder"):
        changed(config, expertness=expertness)
