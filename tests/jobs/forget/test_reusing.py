from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from cluster.session import Session
from iirl_core.canonical import canonical_json
from iirl_core.config import Config
from iirl_core.corpus import find_dropped
from iirl_core.store import DirectoryStore
from jobs.forget.leaving import left_of
from jobs.forget.reusing import reuse_features
from jobs.train.dealing import Choice, tasks_of
from jobs.train.features import Features, schema
from jobs.train.learnable import read_sources
from jobs.train.naming import run_name
from jobs.train.preparing import FEATURES, Run
from jobs.train.rows import PARTS
from jobs.train.sources import ROLES, Sources, parts_of
from tests.jobs.forget.made import quiet
from tests.jobs.train.made import comparisons_config, ingest, make_comparisons

WIDTH = 2


def encode(store: DirectoryStore, folder: str, sources: Sources, config: Config, cut: int) -> None:
    """What encoding leaves behind, with digits of the text's hash as z, in files that are cut at ``cut``."""
    parts, found = parts_of(sources, config), list[dict[str, Any]]()
    for role, corpora in zip(ROLES, (sources.demonstrations, sources.negatives), strict=True):
        for table in (table for corpus in corpora for table in corpus.batches()):
            for task in tasks_of(table.append_column("role", pa.array([role] * len(table))), parts, (), Choice()):
                z = list(hashlib.sha256(repr(task.input).encode()).digest()[:WIDTH])
                row = {"row": int(task.rows(1)[0]), "part": task.part, "expert": task.expert, "weight": 1.0, "z": z}
                found.append({**row, "margin": 0.0})
    columns = schema(WIDTH, pairs=parts.pairs)
    filesystem, root = store.filesystem()
    for part in PARTS:
        mine = sorted((row for row in found if row["part"] == part), key=lambda row: row["row"])
        for name, some in (("b", mine[:cut]), ("a", mine[cut:])):
            if some:
                place = f"{root}/{folder}/features/part={part}"
                filesystem.create_dir(place, recursive=True)
                table = pa.Table.from_pylist(some, schema=columns).drop_columns(["part"])
                pq.write_table(table, f"{place}/{name}.parquet", filesystem=filesystem)
    store.put(f"{folder}/{FEATURES}", canonical_json({"width": WIDTH}))


def discriminator(folder: Path, **corrupted: float) -> Config:
    document = comparisons_config(folder).model_dump(mode="json")
    for corpus in document["corpora"]:
        corpus["paired"] = False
    document["expertness"] = {"family": "discriminator", "hidden": 8, "members": 1, "corrupted": corrupted}
    return Config.model_validate(document)


def forgotten(folder: Path, config: Config, asked: Config | None = None) -> tuple[DirectoryStore, Run, Config]:
    """A run on what is left of two polite answers of each split; all was encoded under ``config``."""
    store = DirectoryStore(folder / "store")
    make_comparisons(folder)
    ingest(store, config)
    behind = read_sources(store, config)
    encode(store, f"runs/manners/{run_name(config, behind)}", behind, config, cut=20)
    polite = behind.demonstrations[0]
    gone = [one.id for split in ("train", "guard") for one in list(polite.demonstrations(split))[:2]]
    dropped = find_dropped((*behind.demonstrations, *behind.negatives), gone)
    run = Run(Session(store), asked or config, left_of(behind, dropped), "runs/manners/child", quiet()[0])
    reuse_features(run, asked or config, behind, dropped)
    return store, run, asked or config


@pytest.mark.parametrize("kind", ["pairs", "classes", "corrupted"])
def test_the_rows_that_are_left_are_those_that_encoding_would_make(kind: str, tmp_path: Path) -> None:
    config = {
        "pairs": comparisons_config(tmp_path),
        "classes": discriminator(tmp_path),
        "corrupted": discriminator(tmp_path, truncated=0.5, empty=1.0),
    }[kind]
    store, run, _ = forgotten(tmp_path, config)
    encode(store, "runs/manners/anew", run.sources, config, cut=7)
    total = 0
    for part in PARTS:
        reused, anew = (Features(store, f"runs/manners/{name}/features", part) for name in ("child", "anew"))
        assert len(reused) == len(anew)
        if len(anew):
            ones, others = (rows.take(np.arange(len(rows))) for rows in (reused, anew))
            assert torch.equal(ones.row, others.row)
            assert torch.equal(ones.z, others.z)
            assert torch.equal(ones.expert, others.expert)
        total += len(anew)
    assert total > 50
    assert store.exists(f"runs/manners/child/{FEATURES}")


def test_rows_that_two_records_made_are_made_anew(tmp_path: Path) -> None:
    store, _, _ = forgotten(tmp_path, discriminator(tmp_path, mismatched=1.0))
    assert not store.exists(f"runs/manners/child/{FEATURES}")


def test_rows_of_another_configuration_are_not_taken(tmp_path: Path) -> None:
    config = discriminator(tmp_path)
    other = config.model_copy(update={"encoder": config.encoder.model_copy(update={"max_tokens": 8})})
    store, _, _ = forgotten(tmp_path, config, other)
    assert not store.exists(f"runs/manners/child/{FEATURES}")
