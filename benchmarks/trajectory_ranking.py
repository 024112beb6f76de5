"""Ranking: do rewards learnt from two expert episodes order rollouts that they never saw as their true returns do?

    python -m benchmarks.trajectory_ranking [--quick] [--data FOLDER] [--json PATH] [--plot PATH]

Learnt rewards: a plain mixture of autoencoders of states, the same with the reference's own settings, and an occupancy
of changes of state. Rollouts are of the expert and of ever noisier copies of it, at most 500 steps of each; their true
returns are those of the whole episodes. Because noise makes an episode fall early, length alone ranks Hopper and
Walker2d well: so the correlation is also given with length taken out, and on first steps of equal number.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

import numpy as np
import torch

from benchmarks.figures import RESULTS, Figure, arguments, figure, write_results
from benchmarks.teachers import MIXTURE, demonstrations_of, mixture, occupancy
from iirl_core.config.expertness import MixtureSection
from iirl_core.demonstration import Input, Trajectory
from iirl_core.evaluation import Estimate, Resampling
from iirl_core.evaluation.frozen import Floats
from iirl_core.evaluation.returns import Returned, returns
from iirl_core.evaluation.rollouts import Rollout, first_steps, mahalanobis, nearness, read_rollouts
from iirl_core.evaluation.separation import auroc
from iirl_core.mapping.exponential import Exponential
from iirl_core.records.raw import RecordFile
from iirl_core.reward_model import RewardModel

SEEDS = (0, 1, 2)
FIRST = 100
"""Steps of the equal beginnings: enough for a gait to show, and most rollouts have them."""
NOISE = (0.3, 1.0)
"""Of perturbed experts, in deviations of the demonstrations."""
SEPARATED = 0.99
OURS = ("returns", "auroc")
"""Suites of the learnt reward; any other name is a baseline's."""
BEST = 6
"""Rollouts that count as the expert's own."""
NOTES = (
    "27 unseen rollouts per task, three seeds of each learner; a figure is the median over seeds and its baseline"
    f" column the first seed's 95% bootstrap interval over rollouts. `@{FIRST}`: on the first {FIRST} steps of the"
    " rollouts that have as many, against the true return of the whole episode; the target of such a figure is the"
    " best baseline's. `given_length`: partial rank correlation. NAME alone: a baseline without learning (length;"
    " distance to the nearest expert state; Mahalanobis distance; forward velocity)."
)


@dataclass(frozen=True)
class Task:
    """``velocity`` is the column of the forward velocity; ``reference`` the paper's own settings: bottleneck, experts,
    l_min, l_max, steepness.
    """

    name: str
    velocity: int
    reference: tuple[int, int, float, float, float]


TASKS = (
    Task("HalfCheetah-v4", 8, (7, 4, 0.50, 1.00, 100)),
    Task("Hopper-v4", 5, (4, 2, 0.13, 0.15, 25)),
    Task("Walker2d-v4", 8, (7, 4, 0.07, 0.60, 100)),
)

Learner = Callable[[Task, Path, int], RewardModel]


@cache
def _mixture(file: Path, seed: int, section: str) -> RewardModel:
    """Learnt once for all maps."""
    return mixture(demonstrations_of(file), seed, MixtureSection.model_validate_json(section))


def _plain(task: Task, file: Path, seed: int) -> RewardModel:  # noqa: ARG001 - the same on every task
    return _mixture(file, seed, MIXTURE.model_dump_json())


def _reference(task: Task, file: Path, seed: int) -> RewardModel:
    bottleneck, experts, low, high, steepness = task.reference
    section = MixtureSection(experts=experts, bottleneck=bottleneck, hidden=MIXTURE.hidden)
    model = _mixture(file, seed, section.model_dump_json())
    return RewardModel(model.encoder, model.expertness, Exponential(low, high, steepness), model.spaces, model.support)


def _occupancy(task: Task, file: Path, seed: int) -> RewardModel:  # noqa: ARG001 - the same on every task
    return occupancy(demonstrations_of(file), seed, ends=False)


LEARNERS: dict[str, Learner] = {"mixture": _plain, "reference": _reference, "occupancy": _occupancy}


@dataclass(frozen=True, eq=False)
class Ranked:
    """What one learner's seeds say: estimates by name, seed by seed; and the rewards ``[N]`` of the first seed."""

    estimates: Mapping[str, list[Estimate]]
    rewards: Floats


def rewards_of(model: RewardModel, items: Sequence[Input]) -> Floats:
    """``[N]``: the mean reward of a step."""
    return np.array([reading.reward for reading in model.read(items)])


def rank(task: Task, learner: Learner, file: Path, rollouts: Sequence[Rollout], seeds: int) -> Ranked:
    """All figures of one learner on one task, learnt from the demonstrations in ``file``."""
    shown = demonstrations_of(file)
    found: dict[str, list[Estimate]] = {}
    first = np.zeros(0)
    resampling = Resampling()
    for seed in SEEDS[:seeds]:
        model = learner(task, file, seed)
        for suffix, part in (("", rollouts), (f"@{FIRST}", first_steps(rollouts, FIRST))):
            for each in returns(returned_of(task, model, shown, part), resampling):
                found.setdefault(f"{each.name}{suffix}", []).append(each)
        first = first if len(first) else rewards_of(model, [one.trajectory for one in rollouts])
        for each in separations(model, shown, rollouts, resampling, seed):
            found.setdefault(each.name, []).append(each)
    return Ranked(found, first)


def returned_of(task: Task, model: RewardModel, shown: Sequence[Trajectory], rollouts: Sequence[Rollout]) -> Returned:
    """Rewards and baselines of some rollouts."""
    items = [one.trajectory for one in rollouts]
    return Returned(
        rewards=rewards_of(model, items),
        returns=np.array([one.true_return for one in rollouts]),
        lengths=np.array([len(item) for item in items], dtype=np.float64),
        baselines={
            "nearest": nearness(shown, items),
            "mahalanobis": mahalanobis(shown, items),
            "velocity": np.array([item.observations[:, task.velocity].mean() for item in items], dtype=np.float64),
        },
    )


def separations(
    model: RewardModel, shown: Sequence[Trajectory], rollouts: Sequence[Rollout], resampling: Resampling, seed: int
) -> list[Estimate]:
    """AUROC of stretches of the best unseen rollouts (the expert's own) against noisy copies of them."""
    best = sorted(rollouts, key=lambda one: -one.true_return)[:BEST]
    experts = [
        Trajectory(one.trajectory.observations[start : start + FIRST])
        for one in best
        for start in range(0, len(one.trajectory) - FIRST + 1, FIRST)
    ]
    deviation = np.concatenate([item.observations for item in shown]).std(axis=0)
    generator = np.random.default_rng(seed)
    clean, found = rewards_of(model, experts), []
    for sigma in NOISE:
        noisy = [
            Trajectory(item.observations + sigma * deviation * generator.standard_normal(item.observations.shape))
            for item in experts
        ]
        area, owners = auroc(clean, rewards_of(model, noisy)), np.tile(np.arange(len(experts)), 2)
        found.append(resampling.estimate(f"auroc/noise-{sigma:g}", owners, area, share=True))
    return found


def figures_of(task: Task, ranked: Mapping[str, Ranked]) -> list[Figure]:
    """What each learner reached, and what baselines do, which do not depend on a seed."""
    short = task.name.partition("-")[0]
    baselines = {
        name: estimates[0]
        for name, estimates in next(iter(ranked.values())).estimates.items()
        if name.partition("/")[0] not in OURS
    }
    found = [
        Figure(f"{short}: {name.replace('/returns/', ' alone ')}", each.value, "", baseline=_interval(each))
        for name, each in baselines.items()
    ]
    equal = f"returns/spearman@{FIRST}"
    best = max(each.value for name, each in baselines.items() if name.endswith(equal))
    for learner, result in ranked.items():
        for name, estimates in result.estimates.items():
            if name.partition("/")[0] in OURS:
                bound = best if name == equal else SEPARATED if name.startswith("auroc") else None
                title = f"{short}: {learner} {name.removeprefix('returns/')}"
                values = [each.value for each in estimates]
                found.append(figure(title, values, "", at_least=bound, baseline=_interval(estimates[0])))
    return found


def _interval(estimate: Estimate) -> str:
    return f"95% {estimate.low:.3f} to {estimate.high:.3f}"


def plot(path: Path, tasks: Sequence[tuple[Task, Sequence[Rollout], Mapping[str, Ranked]]]) -> None:
    """Learnt reward against true return: a row per task, a column per learner."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    rows, columns = len(tasks), len(tasks[0][2])
    drawing, axes = plt.subplots(rows, columns, figsize=(3.4 * columns, 2.7 * rows), squeeze=False)
    for line, (task, rollouts, ranked) in zip(axes, tasks, strict=True):
        for axis, (learner, result) in zip(line, ranked.items(), strict=True):
            lengths = [len(one.trajectory) for one in rollouts]
            axis.scatter([one.true_return for one in rollouts], result.rewards, c=lengths, s=18, cmap="viridis")
            value = median(each.value for each in result.estimates["returns/spearman"])
            axis.set_title(f"{task.name}: {learner}, Spearman {value:.2f}", fontsize=8)
            axis.tick_params(labelsize=7)
    for axis in axes[-1]:
        axis.set_xlabel("true return (colour: steps read)", fontsize=8)
    for axis in axes[:, 0]:
        axis.set_ylabel("learnt reward, mean of a step", fontsize=8)
    drawing.tight_layout()
    drawing.savefig(path, dpi=110)
    plt.close(drawing)


def main() -> int:
    """Run, print the table, draw, write."""
    parser = arguments("trajectory_ranking", (__doc__ or "").splitlines()[0])
    parser.add_argument("--plot", type=Path, default=RESULTS / "trajectory_ranking.png")
    options = parser.parse_args()
    if not options.data.is_dir():
        print(f"trajectory_ranking: there is no data at {options.data}", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    figures, drawn = list[Figure](), []
    for task in TASKS[:1] if options.quick else TASKS:
        folder = options.data / "mujoco"
        file = folder / f"{task.name}-expert.npz"
        rollouts = read_rollouts(RecordFile(str(folder / f"{task.name}-rollouts.npz")))
        learners = {"occupancy": LEARNERS["occupancy"]} if options.quick else LEARNERS
        ranked = {
            name: rank(task, learner, file, rollouts, 1 if options.quick else 3) for name, learner in learners.items()
        }
        figures += figures_of(task, ranked)
        drawn.append((task, rollouts, ranked))
    plot(options.plot, drawn)
    write_results("trajectory_ranking", figures, NOTES, options.json)
    return 1 if any(each.met is False for each in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
