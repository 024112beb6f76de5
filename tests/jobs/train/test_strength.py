"""The strength of rows, from the configuration through files to the loss, without Ray."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import torch

from iirl_core.config import Config
from iirl_core.corpus import write_corpus
from iirl_core.demonstration import Trajectory
from iirl_core.errors import ConfigError
from iirl_core.expertness import build_expertness
from iirl_core.store import DirectoryStore
from jobs.train.dealing import Choice, tasks_of
from jobs.train.features import Features, schema
from jobs.train.learnable import read_sources
from jobs.train.sources import ROLES, Sources, parts_of
from jobs.train.table import table_of
from tests.jobs.train.made import demonstration, walks, walks_config

HERE = Trajectory(np.linspace(-1, 1, 12).reshape(4, 3))


def joint(folder: Path, beta: Any, **section: Any) -> Config:
    family = {"family": "joint", "hidden": 8, "members": 1, "saturation": 0.2, "beta": beta, **section}
    document = walks_config(folder).model_dump(mode="json")
    return Config.model_validate({**document, "expertness": family, "mapping": {"kind": "sigmoid"}})


def corpora(store: DirectoryStore) -> None:
    """Experts and the clumsy are seen to do the very same."""
    for name, source in (("walks", "expert"), ("wanderings", "clumsy")):
        made = [replace(demonstration(HERE, "train"), source=source), demonstration(*walks(1, 0.1, 3), "guard")]
        write_corpus(store, name, made)


def rows(sources: Sources, config: Config) -> pa.Table:
    """What encoding makes of the corpora, with observations as z."""
    parts, tables = parts_of(sources, config), []
    for role, found in zip(ROLES, (sources.demonstrations, sources.negatives), strict=True):
        for batch in (batch for corpus in found for batch in corpus.batches()):
            tasks = tasks_of(batch.append_column("role", pa.array([role] * len(batch))), parts, (), Choice())
            seen = [task.input.observations for task in tasks if isinstance(task.input, Trajectory)]
            z = pa.FixedSizeListArray.from_arrays(pa.array(np.concatenate(seen).reshape(-1)), 3)
            columns = schema(3, **parts.columns)
            tables.append(table_of(tasks, [len(one) for one in seen], z, columns, beta=parts.beta))
    return pa.concat_tables(tables)


def test_every_row_of_a_trajectory_and_of_what_is_made_of_it_has_its_step_s_strength(
    store: DirectoryStore, tmp_path: Path
) -> None:
    corpora(store)
    config = joint(tmp_path, {"discount": 0.5}, corrupted={"noised": 1.0})
    table = rows(read_sources(store, config), config)
    learnt = table.filter(pc.equal(table["part"], "train"))
    assert learnt["expert"].to_pylist() == [1.0] * 4 + [0.0] * 8
    assert learnt["strength"].to_pylist() == [1.0, 0.5, 0.25, 0.125] * 3
    constant = joint(tmp_path, 2.0)
    assert "strength" not in rows(read_sources(store, constant), constant).column_names


@pytest.mark.parametrize(("expert", "clumsy"), [(3.0, 1.0), (1.0, 3.0)])
def test_what_is_shown_and_avoided_alike_is_worth_what_the_stronger_source_says(
    store: DirectoryStore, tmp_path: Path, expert: float, clumsy: float
) -> None:
    corpora(store)
    config = joint(tmp_path, {"sources": {"expert": expert}, "otherwise": clumsy})
    table = rows(read_sources(store, config), config)
    filesystem, root = store.filesystem()
    pq.write_to_dataset(table, f"{root}/runs/x/features", partition_cols=["part"], filesystem=filesystem)
    batch = Features(store, "runs/x/features", "train").take(np.arange(8))
    torch.manual_seed(0)
    module = build_expertness(config.expertness, 3)
    optimiser = torch.optim.Adam(module.parameters(), 0.02)
    for _ in range(100):
        optimiser.zero_grad()
        module(**batch.tensors()).backward()
        optimiser.step()
    rewards = torch.sigmoid(module.signals(batch.z)[0])
    assert bool((rewards > 0.6).all() if expert > clumsy else (rewards < 0.4).all())


def test_a_source_that_no_record_has_is_refused(store: DirectoryStore, tmp_path: Path) -> None:
    corpora(store)
    read_sources(store, joint(tmp_path, {"sources": {"expert": 2.0, "clumsy": 1.0}}))
    with pytest.raises(ConfigError, match=r"no record has the source clumsie.*clumsy"):
        read_sources(store, joint(tmp_path, {"sources": {"clumsie": 2.0}}))
