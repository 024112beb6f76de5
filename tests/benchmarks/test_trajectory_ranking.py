from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.ranked import Ranked, Said, plot
from benchmarks.rankers import TASKS
from benchmarks.trajectory_ranking import correlations, figures_of
from iirl_core.demonstration import Trajectory
from iirl_core.evaluation import Resampling
from iirl_core.evaluation.rollouts import Rollout

FEW = Resampling(20)
TASK = TASKS[0]


@pytest.fixture
def rollouts() -> list[Rollout]:
    """Eight, each of a higher true return than the one before."""
    generator = np.random.default_rng(0)
    walks = [Trajectory(generator.normal(0, 1, (20 + number, 17))) for number in range(8)]
    return [Rollout(walk, 100.0 * number) for number, walk in enumerate(walks)]


def _said(rollouts: list[Rollout]) -> Said:
    """Signals in the order of the true returns; the map gives the upper half the same reward."""
    signals = np.array([one.true_return for one in rollouts]) / 1000
    return Said(np.minimum(signals * 2.5, 1.0), signals)


def test_what_a_map_that_ends_at_one_hides_is_seen_in_the_signal(rollouts: list[Rollout]) -> None:
    said = _said(rollouts)
    assert said.tied == 4
    assert Said(said.signals, said.signals).tied == 1
    shown = [rollouts[-1].trajectory]
    found = {each.name: each.value for each in correlations(TASK, said, shown, rollouts, FEW)}
    assert found["signal/spearman"] == 1.0
    assert 0.9 < found["returns/spearman"] < 1.0
    assert found["nearest/returns/spearman"] < 1.0, "baselines are asked once"
    assert not any(name.startswith("signal/") and "nearest" in name for name in found)


def test_figures_tell_rewards_signals_baselines_and_ties_apart(rollouts: list[Rollout], tmp_path: Path) -> None:
    said = _said(rollouts)
    found = correlations(TASK, said, [rollouts[-1].trajectory], rollouts, FEW)
    estimates = {f"{each.name}{suffix}": [each] for each in found for suffix in ("", "@100")}
    ranked = {"occupancy": Ranked(estimates, [4], said)}
    figures = {each.name: each for each in figures_of(TASK, ranked)}
    assert figures["HalfCheetah: occupancy signal/spearman"].value == 1.0
    assert figures["HalfCheetah: occupancy tied"].value == 4
    bounded = [name for name, each in figures.items() if each.target]
    assert bounded == ["HalfCheetah: occupancy spearman@100"], "against the best baseline"
    plot(tmp_path / "drawn.png", [(TASK, rollouts, ranked)])
    assert (tmp_path / "drawn.png").stat().st_size > 0
