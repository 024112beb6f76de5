"""The size that a configuration leaves open: chosen once for a run, kept beside it, and sealed with the weights."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from cluster.session import Session
from iirl_core.artifact import load_from
from iirl_core.canonical import canonical_json
from iirl_core.config import Config
from iirl_core.config.expertness import MixtureSection
from iirl_core.expertness.sizing import smallest_good
from iirl_core.release import resolve
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.forget import run as forget
from jobs.train import run as train
from jobs.train.features import schema
from jobs.train.learnable import read_sources
from jobs.train.naming import run_name
from jobs.train.preparing import Run
from jobs.train.rows import Part
from jobs.train.sizing import SIZE, size_metrics, sized, tried
from jobs.train.sources import Sources
from tests.jobs.train.made import make_builder, make_corpora, walks_config

QUIET = Progress(Console(file=io.StringIO()))
OPEN = {"family": "autoencoder_mixture", "hidden": 16, "members": 2}


def open_config(folder: Path, experts: int | None = None) -> Config:
    section = MixtureSection.model_validate({**OPEN, "experts": experts})
    return walks_config(folder).model_copy(update={"expertness": section})


def write_rows(store: DirectoryStore, part: Part, count: int, ignored: int = 0) -> None:
    """Of a line in three dimensions; before them ``ignored`` of weight 0, which are anything."""
    generator = np.random.default_rng(count)
    z = (generator.normal(0, 1, (count, 1)) * np.ones(3) + generator.normal(0, 0.05, (count, 3))).astype(np.float32)
    z = np.concatenate([generator.normal(0, 9, (ignored, 3)).astype(np.float32), z])
    count += ignored
    filesystem, root = store.filesystem()
    filesystem.create_dir(f"{root}/run/features/part={part}", recursive=True)
    table = pa.table(
        {
            "row": pa.array(np.arange(count), pa.int64()),
            "expert": pa.array(np.ones(count, np.float32)),
            "weight": pa.array((np.arange(count) >= ignored).astype(np.float32)),
            "z": pa.FixedSizeListArray.from_arrays(pa.array(z.reshape(-1)), 3),
        }
    )
    columns = pa.schema([field for field in schema(3) if field.name != "part"])
    pq.write_table(table.cast(columns), f"{root}/run/features/part={part}/a.parquet", filesystem=filesystem)


def run_of(store: DirectoryStore, config: Config) -> Run:
    return Run(Session(store), config, Sources((), (), {}), "run", QUIET)


def test_a_size_is_chosen_once_and_kept_with_what_else_was_tried(tmp_path: Path, store: DirectoryStore) -> None:
    write_rows(store, "train", 300)
    config = open_config(tmp_path, experts=1)
    chosen = cast(MixtureSection, sized(run_of(store, config)).expertness)
    assert chosen.experts == 1
    document = json.loads(store.get(f"run/{SIZE}"))
    assert (document["experts"], document["bottleneck"]) == (1, chosen.bottleneck)
    assert [trial["bottleneck"] for trial in document["trials"]] == [1, 2]
    metrics = size_metrics(tried(store, "run"))
    assert metrics["size_error_1x1"] == document["trials"][0]["error"]
    assert len([name for name in metrics if name.startswith("size_error_")]) == 2

    # Killed after it chose, a run keeps what it chose: the record decides, not the rows.
    document["trials"] = [one for one in document["trials"] if one["bottleneck"] != chosen.bottleneck]
    store.put(f"run/{SIZE}", canonical_json(document))
    again = cast(MixtureSection, sized(run_of(store, config)).expertness)
    assert again.bottleneck != chosen.bottleneck


def test_rows_held_out_of_training_are_what_sizes_are_asked_about(tmp_path: Path, store: DirectoryStore) -> None:
    write_rows(store, "train", 300)
    sized(run_of(store, open_config(tmp_path, experts=1)))
    own = store.get(f"run/{SIZE}")
    (tmp_path / "store" / "run" / SIZE).unlink()
    write_rows(store, "held_out", 60)
    sized(run_of(store, open_config(tmp_path, experts=1)))
    assert store.get(f"run/{SIZE}") != own


def test_rows_that_weigh_nothing_do_not_choose(tmp_path: Path, store: DirectoryStore) -> None:
    for part in ("train", "held_out"):
        write_rows(store, part, 60)
    sized(run_of(store, open_config(tmp_path, experts=1)))
    own = store.get(f"run/{SIZE}")
    (tmp_path / "store" / "run" / SIZE).unlink()
    for part in ("train", "held_out"):
        write_rows(store, part, 60, ignored=40)
    sized(run_of(store, open_config(tmp_path, experts=1)))
    assert store.get(f"run/{SIZE}") == own


def test_a_size_that_was_given_is_not_questioned(tmp_path: Path, store: DirectoryStore) -> None:
    config = walks_config(tmp_path)
    assert sized(run_of(store, config)) is config
    assert tried(store, "run") == []
    assert size_metrics([]) == {}


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("ray_session")
def test_what_is_left_open_is_sealed_as_it_was_chosen_and_children_take_it_over(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    make_corpora(store)
    make_builder(tmp_path)
    config = open_config(tmp_path)
    with Session(store) as session:
        train(session, config, QUIET)
        digest = resolve(store, "walks")
        root = load_from(store, digest)
        folder = f"runs/walks/{run_name(config, read_sources(store, config))}"
        chosen = smallest_good(tried(store, folder))
        size = {"experts": chosen.experts, "bottleneck": chosen.bottleneck}
        assert size.items() <= root.manifest.expertness.items()
        assert root.manifest.metrics[f"size_error_{chosen.experts}x{chosen.bottleneck}"] == pytest.approx(
            chosen.error, rel=1e-5
        )
        train(session, config, QUIET)
        assert resolve(store, "walks") == digest

        slowly = config.train.optimiser.model_copy(update={"learning_rate": 1e-6})
        section = config.train.model_copy(update={"parent": digest, "epochs": 1, "optimiser": slowly})
        train(session, config.model_copy(update={"name": "child", "train": section}), QUIET)
        child = load_from(store, resolve(store, "child"))
        assert size.items() <= child.manifest.expertness.items()
        assert not [name for name in child.manifest.metrics if name.startswith("size_")]

        gone = root.manifest.corpora[0].name
        (record, *_) = [one.id for one in read_sources(store, config).demonstrations[0].demonstrations("train")]
        forget(session, config, QUIET, reference=digest, ids=[record])
        left = load_from(store, resolve(store, "walks"))
        assert gone == left.manifest.corpora[0].name
        assert left.manifest.parent == digest
        assert size.items() <= left.manifest.expertness.items()
