from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.flywheel import EXAMPLE, grid, train, turn, walks_of
from iirl_core.config import Config, load_config
from iirl_core.norm import norms_of


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The spatial example on freshly made data, with a smaller red team."""
    folder: Path = tmp_path_factory.mktemp("spatial")
    before, sys.argv = sys.argv, ["make_data.py", "--out", str(folder)]
    try:
        runpy.run_path(str(EXAMPLE / "make_data.py"), run_name="__main__")
    finally:
        sys.argv = before
    overrides = [
        f"corpora.0.files=[{folder}/walks.npz]",
        f"norms.0.region.geometry={folder}/path.csv",
        "audit.probes={uniform: 12288, perturbed: 2048, boundary: 2048, ascent: 4096}",
        "audit.keep_findings=1200",
    ]
    return load_config(EXAMPLE / "config.yaml", overrides)


def test_demonstrations_stay_near_the_curve_and_fall_into_three_splits(config: Config) -> None:
    region = norms_of(config)[0].region
    assert region is not None
    splits = walks_of(config)
    distances = [region.distance(walk.observations) for walks in splits.values() for walk in walks]
    assert sum(len(distance) for distance in distances) == 300 * 64
    assert np.concatenate(distances).max() < 0.2001
    # Across a curve, noise has two axes: its length is Rayleigh's, with mean σ·√(π/2).
    assert np.concatenate(distances).mean() == pytest.approx(0.05 * np.sqrt(np.pi / 2), rel=0.03)
    assert {split: len(walks) > 25 for split, walks in splits.items()} == dict.fromkeys(splits, True)
    assert set(splits) == {"train", "guard", "unseen"}


def test_the_judging_grid_holds_only_far_points(config: Config) -> None:
    region = norms_of(config)[0].region
    assert region is not None
    points = grid(20, region)
    assert region.distance(points).min() > 0.34
    assert len(points) == 7136


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_wheel_repairs_what_training_left(config: Config) -> None:
    wheel = turn(config, train(config, seed=0))
    assert wheel.judged[0].coarse >= 200
    assert wheel.verdict.passed
    assert wheel.rounds <= 10
    assert wheel.kernels < 952 / 2
    assert wheel.judged[-1].fine_share <= 0.001
    assert wheel.judged[-1].budget.least_of_all >= 0.95
    assert wheel.judged[-1].unseen_kept >= 0.995
