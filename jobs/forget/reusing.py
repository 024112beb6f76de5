"""Rows that the parent's training left behind, less those of the forgotten: encoding every text anew would take hours
for what did not change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from iirl_core.canonical import canonical_json
from iirl_core.config import Config
from iirl_core.corpus import Corpus, Dropped
from iirl_core.store.protocol import Store
from jobs.train.dealing import Choice, Parts, Role, tasks_of
from jobs.train.features import Features
from jobs.train.naming import run_name
from jobs.train.needs import corrupted_shares
from jobs.train.preparing import FEATURES, Run
from jobs.train.row_files import list_files
from jobs.train.rows import PARTS
from jobs.train.sources import ROLES, Sources, parts_of


def reuse_features(run: Run, config: Config, behind: Sources, dropped: Sequence[Dropped]) -> None:
    """Make the features of ``run``, what is left of ``behind``, if they can be made so: a frozen text encoder read all
    of them before, under the same ``config``, and no row is made of two records (mismatched answers are).
    """
    store, former = run.session.store, f"runs/{config.name}/{run_name(config, behind)}"
    parts = parts_of(behind, config)
    apart = config.encoder.kind != "text" or config.tunes or "mismatched" in corrupted_shares(config)
    if apart or parts != parts_of(run.sources, config):
        return
    if store.exists(f"{former}/{FEATURES}") and not store.exists(f"{run.folder}/{FEATURES}"):
        gone = np.concatenate([np.zeros(0, np.int64), *_numbers(behind, dropped, parts)])
        copy_rows(store, f"{former}/features", f"{run.folder}/features", gone)
        found = {part: Features(store, f"{run.folder}/features", part) for part in PARTS}
        counts: dict[str, int] = {part: len(rows) for part, rows in found.items()}
        width = json.loads(store.get(f"{former}/{FEATURES}"))["width"]
        store.put(f"{run.folder}/{FEATURES}", canonical_json({"width": width, **counts}))


def copy_rows(store: Store, source: str, target: str, gone: NDArray[np.int64]) -> None:
    """All rows under ``source`` but those whose numbers are in ``gone``; what lies under ``target`` is replaced."""
    filesystem, root = store.filesystem()
    filesystem.create_dir(f"{root}/{target}")
    filesystem.delete_dir_contents(f"{root}/{target}")
    for part in PARTS:
        for file in list_files(filesystem, f"{root}/{source}", part):
            rows = pq.read_table(file.path, filesystem=filesystem, partitioning=None)
            left = rows.filter(pc.invert(pc.is_in(rows["row"], pa.array(gone, pa.int64()))))
            if len(left):
                folder = f"{root}/{target}/part={part}"
                filesystem.create_dir(folder)
                pq.write_table(left, f"{folder}/{file.path.rpartition('/')[2]}", filesystem=filesystem)


def _numbers(behind: Sources, dropped: Sequence[Dropped], parts: Parts) -> Iterator[NDArray[np.int64]]:
    """Of every row that a forgotten record made."""
    ids = {one.corpus: pa.array(sorted(one.ids), pa.string()) for one in dropped}
    for role, corpora in zip(ROLES, (behind.demonstrations, behind.negatives), strict=True):
        for corpus in corpora:
            yield from _of_corpus(corpus, role, ids[corpus.manifest.digest], parts)


def _of_corpus(corpus: Corpus, role: Role, ids: pa.Array, parts: Parts) -> Iterator[NDArray[np.int64]]:
    for whole in corpus.batches():
        table = whole.filter(pc.is_in(whole["id"], ids))
        asked = table.append_column("role", pa.array([role] * len(table), pa.string()))
        yield from (task.rows(1) for task in tasks_of(asked, parts, (), Choice()))
