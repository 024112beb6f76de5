"""What cannot be learnt from is refused before anything starts, and a run's name says what decides its result."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.session import Session
from iirl_core.artifact import Supervision
from iirl_core.config import Config
from iirl_core.corpus import write_corpus
from iirl_core.demonstration import Split, Trajectory, conversation
from iirl_core.errors import ConfigError, NotFound, Tampered
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.train import run
from jobs.train.job import run_name
from jobs.train.sources import parts_of, read_sources, supervision_of
from tests.jobs.train.made import demonstration, make_builder, make_corpora, walks, walks_config


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "store")


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
    assert not parts_of(read_sources(store, two), two).held_out_negatives
    write(store, "wanderings", "train", "guard")
    assert parts_of(read_sources(store, two), two).held_out_negatives


def test_supervision_is_never_overstated(tmp_path: Path) -> None:
    config = walks_config(tmp_path)
    alone = config.corpora[0]
    assert supervision_of([alone]) is Supervision.DEMONSTRATIONS_ONLY
    assert supervision_of(config.corpora) is Supervision.WEAK
    assert supervision_of([alone.model_copy(update={"take": "chosen"})]) is Supervision.WEAK
    probes = config.corpora[1].model_copy(update={"role": "probes"})
    assert supervision_of([alone, probes]) is Supervision.DEMONSTRATIONS_ONLY
