"""Equation 2 through the whole job: a strength that falls with time, and the worst of the members as the reward."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cluster.session import Session
from iirl_core.artifact import load_from
from iirl_core.config import Config
from iirl_core.release import resolve
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.train import run
from jobs.train.features import Features
from tests.jobs.train.made import make_builder, make_corpora, walks, walks_config

FAMILY = {"family": "joint", "hidden": 8, "members": 2, "beta": {"discount": 0.5}, "combine": "min"}


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_it_is_learnt_by_two_ranks_with_each_step_s_strength_and_sealed(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    make_corpora(store)
    make_builder(tmp_path)
    document = walks_config(tmp_path, workers=2, epochs=10).model_dump(mode="json")
    config = Config.model_validate({**document, "expertness": FAMILY, "mapping": {"kind": "piecewise_linear"}})
    with Session(store) as session:
        run(session, config, Progress())
    (found,) = {one.name for one in (tmp_path / "store" / "runs" / "walks").iterdir() if one.is_dir()}
    features = Features(store, f"runs/walks/{found}/features", "train")
    strength = features.take(np.arange(len(features))).strength
    assert strength is not None
    powers, counts = np.unique(strength.numpy(), return_counts=True)
    assert powers.tolist() == sorted(np.float32(0.5) ** np.arange(30, dtype=np.float32))
    assert len(set(counts.tolist())) == 1, "thirty steps of every trajectory"
    artifact = load_from(store, resolve(store, "walks"))
    assert artifact.manifest.expertness["combine"] == "min"
    assert artifact.manifest.calibration.mapping["kind"] == "piecewise_linear"
    shown, not_shown = (artifact.read(items) for items in (walks(5, 0.05, seed=7), walks(5, 0.2, seed=8, aside=0.6)))
    assert min(one.reward for one in shown) > max(one.reward for one in not_shown)
