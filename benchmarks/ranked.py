"""What rewards said of rollouts, and the picture of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.rankers import Task
from iirl_core.demonstration import Input
from iirl_core.evaluation import Estimate
from iirl_core.evaluation.frozen import Floats
from iirl_core.evaluation.rollouts import Rollout
from iirl_core.reward_model import RewardModel


@dataclass(frozen=True, eq=False)
class Said:
    """What a model says of N rollouts: ``rewards [N]``, means of a step, and ``signals [N]``, before the map."""

    rewards: Floats
    signals: Floats

    @property
    def tied(self) -> int:
        """How many share the highest reward; 1: nobody."""
        return int((self.rewards == self.rewards.max()).sum())


@dataclass(frozen=True, eq=False)
class Ranked:
    """What one learner's seeds say: estimates by name, seed by seed; and what the first seed says of each rollout."""

    estimates: Mapping[str, list[Estimate]]
    tied: Sequence[int]
    first: Said


def said_of(model: RewardModel, items: Sequence[Input]) -> Said:
    """One reading each."""
    readings = model.read(items)
    return Said(np.array([each.reward for each in readings]), np.array([each.signal for each in readings]))


def plot(path: Path, tasks: Sequence[tuple[Task, Sequence[Rollout], Mapping[str, Ranked]]]) -> None:
    """Learnt reward against true return: a row per task, a column per learner."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    rows, columns = len(tasks), len(tasks[0][2])
    shape = (3.4 * columns + 0.8, 2.8 * rows)
    drawing, axes = plt.subplots(rows, columns, figsize=shape, squeeze=False, sharey=True, layout="constrained")
    for line, (task, rollouts, ranked) in zip(axes, tasks, strict=True):
        for axis, (learner, result) in zip(line, ranked.items(), strict=True):
            points = axis.scatter(
                [one.true_return for one in rollouts],
                result.first.rewards,
                c=[len(one.trajectory) for one in rollouts],
                s=24,
                cmap="viridis",
                vmin=0,
                vmax=max(len(one.trajectory) for one in rollouts),
                alpha=0.75,
                linewidths=0,
            )
            axis.set_title(f"{task.name}, {learner}", fontsize=9)
            axis.text(0.03, 0.97, _caption(result), transform=axis.transAxes, fontsize=7.5, va="top")
            axis.set_ylim(-0.05, 1.3)
            axis.set_yticks(np.linspace(0, 1, 6))
            axis.tick_params(labelsize=7.5)
            axis.grid(alpha=0.25, linewidth=0.6)
        bar = drawing.colorbar(points, ax=line[-1], fraction=0.05, pad=0.02)
        bar.set_label("steps read", fontsize=8)
        bar.ax.tick_params(labelsize=7.5)
    for axis in axes[-1]:
        axis.set_xlabel("true return of the episode", fontsize=8.5)
    for axis in axes[:, 0]:
        axis.set_ylabel("learnt reward, mean of a step", fontsize=8.5)
    drawing.savefig(path, dpi=110)
    plt.close(drawing)


def _caption(result: Ranked) -> str:
    """Medians over the seeds, and how many of the first seed's rewards are the same."""
    reward, signal = (
        median(each.value for each in result.estimates[f"{one}/spearman"]) for one in ("returns", "signal")
    )
    tied = f"\n{result.first.tied} rollouts share the highest reward" if result.first.tied > 1 else ""
    return f"Spearman {reward:.2f}, of the signal {signal:.2f}{tied}"
