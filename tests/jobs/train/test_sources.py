"""What cannot be learnt from is refused before anything starts, and a run's name says what decides its result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from cluster.session import Session
from iirl_core.artifact import Mode, Provenance, Supervision
from iirl_core.canonical import JsonValue
from iirl_core.config import Config
from iirl_core.corpus import origin_of, read_corpus, write_corpus
from iirl_core.demonstration import Split, Trajectory, conversation
from iirl_core.errors import ConfigError, NotFound, Tampered
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.train import run
from jobs.train.job import run_name
from jobs.train.sources import parts_of, read_sources
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


def write(store: DirectoryStore, name: str, *splits: Split) -> None:
    items = walks(len(splits), 0.1, seed=len(name))
    write_corpus(store, name, [demonstration(item, split) for item, split in zip(items, splits, strict=True)])


def changed(config: Config, **changes: object) -> Config:
    return Config.model_validate({**config.model_dump(mode="json"), **changes})


def test_a_corpus_that_was_never_ingested_is_not_found(store: DirectoryStore, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="iirl ingest"):
        read_sources(store, walks_config(tmp_path))


@pytest.mark.parametrize(("splits", "missing"), [(("guard", "unseen"), "train"), (("train", "unseen"), "guard")])
def test_an_empty_split_is_refused(store: DirectoryStore, tmp_path: Path, splits: list[Split], missing: str) -> None:
    write(store, "walks", *splits)
    write(store, "wanderings", "train")
    with pytest.raises(ConfigError, match=f"no demonstration is in the {missing} split"):
        read_sources(store, walks_config(tmp_path))


@pytest.mark.parametrize("family", ["discriminator", "joint"])
def test_two_classes_without_negatives_to_learn_from_are_refused(
    store: DirectoryStore, tmp_path: Path, family: str
) -> None:
    write(store, "walks", "train", "guard")
    write(store, "wanderings", "guard")
    read_sources(store, walks_config(tmp_path))
    two = changed(walks_config(tmp_path), expertness={"family": family}, mapping={"kind": "sigmoid"})
    with pytest.raises(ConfigError, match=f"{family} without a negative"):
        read_sources(store, two)


@pytest.mark.parametrize("idle", ["walks", "wanderings"])
def test_a_class_that_weighs_nothing_is_refused_before_anything_is_encoded(
    store: DirectoryStore, tmp_path: Path, idle: str
) -> None:
    two = changed(walks_config(tmp_path), expertness={"family": "discriminator"}, mapping={"kind": "sigmoid"})
    for name in ("walks", "wanderings"):
        write(store, name, "train", "guard")
    read_sources(store, two)
    shown = [demonstration(item, split) for item, split in zip(walks(2, 0.1, 0), ("train", "guard"), strict=True)]
    write_corpus(store, idle, [replace(shown[0], weight=0.0), shown[1]])
    with pytest.raises(ConfigError, match="in the train split has weight 0"):
        read_sources(store, two)
    if idle == "wanderings":  # which the map alone is anchored at
        read_sources(store, walks_config(tmp_path))


@pytest.mark.parametrize("kind", ["sigmoid", "piecewise_linear"])
def test_a_map_without_a_contrast_to_be_anchored_at_is_refused(
    store: DirectoryStore, tmp_path: Path, kind: str
) -> None:
    write(store, "walks", "train", "guard")
    write(store, "wanderings", "unseen")
    read_sources(store, walks_config(tmp_path))
    mapped = changed(walks_config(tmp_path), mapping={"kind": kind})
    alone = changed(mapped, corpora=[{"name": "walks", "files": ["walks.npz"]}])
    for config in (mapped, alone):
        with pytest.raises(ConfigError, match=f"mapping: {kind} needs a contrast, and there is no negative"):
            read_sources(store, config)
    for split in ("train", "guard"):
        write(store, "wanderings", split)
        read_sources(store, mapped)


def test_another_kind_or_shape_is_refused(store: DirectoryStore, tmp_path: Path) -> None:
    write(store, "walks", "train", "guard")
    write_corpus(store, "wanderings", [demonstration(Trajectory([[0.0, 1.0]]), "train")])
    with pytest.raises(ConfigError, match="dimensions"):
        read_sources(store, walks_config(tmp_path))
    write_corpus(store, "wanderings", [demonstration(conversation("a", "b"), "train")])
    with pytest.raises(ConfigError, match="holds conversations"):
        read_sources(store, walks_config(tmp_path))


def test_a_shard_that_was_changed_is_never_encoded(store: DirectoryStore, tmp_path: Path) -> None:
    make_corpora(store)
    sources = read_sources(store, walks_config(tmp_path))
    assert sum(source.rows for source in sources.shards()) == 100 * 30
    shard = next((tmp_path / "store" / "corpora" / "walks").rglob("*.parquet"))
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    with pytest.raises(Tampered):
        read_sources(store, walks_config(tmp_path)).shards()


def test_training_without_a_builder_s_key_says_how_to_make_one(store: DirectoryStore, tmp_path: Path) -> None:
    make_corpora(store)
    with pytest.raises(ConfigError, match="iirl key new builder"):
        run(Session(store), walks_config(tmp_path), Progress())


@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
def test_a_gpu_where_there_is_none_is_refused_before_anything_is_encoded(store: DirectoryStore, tmp_path: Path) -> None:
    make_corpora(store)
    make_builder(tmp_path)
    with pytest.raises(ConfigError, match="no GPU"):
        run(Session(store), walks_config(tmp_path, gpus_per_worker=1), Progress())
    assert not list(store.list("runs/"))


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
    write(store, "walks", "train", "guard")
    write(store, "wanderings", "train")
    two = changed(walks_config(tmp_path), expertness={"family": "discriminator"}, mapping={"kind": "sigmoid"})
    assert not parts_of(read_sources(store, two), two).guard_negatives
    write(store, "wanderings", "train", "guard")
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


def test_corpora_that_do_not_remember_their_comparisons_are_refused(store: DirectoryStore, tmp_path: Path) -> None:
    make_comparisons(tmp_path)
    config = comparisons_config(tmp_path)
    alone = [section.model_copy(update={"paired": False}) for section in config.corpora]
    ingest(store, config.model_copy(update={"corpora": alone}))
    with pytest.raises(ConfigError, match="polite was ingested without paired"):
        read_sources(store, config)


def test_a_side_that_is_missing_is_refused_before_anything_is_encoded(store: DirectoryStore, tmp_path: Path) -> None:
    make_comparisons(tmp_path)
    config = comparisons_config(tmp_path)
    ingest(store, config)
    lines = (tmp_path / "comparisons.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "comparisons.jsonl").write_text("".join(lines[:-20]), encoding="utf-8")
    ingest(store, config.model_copy(update={"corpora": config.corpora[1:]}))
    with pytest.raises(ConfigError, match=r"chosen but .* rejected sides in the"):
        read_sources(store, config)


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

    write(store, "walks", "train", "guard")
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
        write(store, name, "train", "guard")
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
