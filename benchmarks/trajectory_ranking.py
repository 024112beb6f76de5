"""Ranking: do rewards learnt from two expert episodes order rollouts that they never saw as their true returns do?

    python -m benchmarks.trajectory_ranking [--quick] [--data FOLDER] [--json PATH] [--plot PATH]

Learnt rewards: a plain mixture of autoencoders of states, the same with the reference's own settings, an occupancy of
states, and a discriminator of changes of state from those of spoilt copies. Rollouts are of the expert and of ever
noisier copies of it, at most 500 steps of each; their true returns are those of the whole episodes. Because noise makes
an episode fall early, length alone ranks Hopper and Walker2d well: so the correlation is also given with length taken
out, and on first steps of equal number. A map that ends at 1 gives many rollouts the same reward: so the signal before
the map is asked the same.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.figures import RESULTS, Figure, arguments, figure, write_results
from benchmarks.ranked import Ranked, Said, plot, said_of
from benchmarks.rankers import LEARNERS, TASKS, Learner, Task
from benchmarks.teachers import demonstrations_of
from iirl_core.demonstration import Trajectory
from iirl_core.evaluation import Estimate, Resampling
from iirl_core.evaluation.frozen import Floats
from iirl_core.evaluation.resampling import SHARE
from iirl_core.evaluation.returns import Returned, returns
from iirl_core.evaluation.rollouts import Rollout, first_steps, mahalanobis, nearness, read_rollouts
from iirl_core.evaluation.separation import auroc
from iirl_core.records.raw import RecordFile
from iirl_core.reward_model import RewardModel

SEEDS = (0, 1, 2)
FIRST = 100
"""Steps of the equal beginnings: enough for a gait to show, and most rollouts have them."""
NOISE = (0.3, 1.0)
"""Of perturbed experts, in deviations of the demonstrations."""
SEPARATED = 0.99
OURS = ("returns", "auroc", "signal")
"""Suites of the learnt reward; any other name is a baseline's."""
BEST = 6
"""Rollouts that count as the expert's own."""
NOTES = (
    "27 unseen rollouts per task, three seeds of each learner; a figure is the median over seeds and its baseline"
    f" column the first seed's 95% bootstrap interval over rollouts. `@{FIRST}`: on the first {FIRST} steps of the"
    " rollouts that have as many, against the true return of the whole episode; the target of such a figure is the"
    " best baseline's. A rollout's reward is the mean of its steps'. `given_length`: partial rank correlation."
    " `signal`: the same of what the map makes the reward of; `tied`: rollouts that share the highest reward, of whose"
    " order it says nothing. NAME alone: a baseline without learning (length; distance to the nearest expert state;"
    " Mahalanobis distance; forward velocity)."
)


def rank(task: Task, learner: Learner, file: Path, rollouts: Sequence[Rollout], seeds: int) -> Ranked:
    """All figures of one learner on one task, learnt from the demonstrations in ``file``."""
    shown = demonstrations_of(file)
    found: dict[str, list[Estimate]] = {}
    whole: list[Said] = []
    resampling = Resampling()
    for seed in SEEDS[:seeds]:
        model = learner(task, file, seed)
        for suffix, part in (("", rollouts), (f"@{FIRST}", first_steps(rollouts, FIRST))):
            said = said_of(model, [one.trajectory for one in part])
            whole += [] if suffix else [said]
            for each in correlations(task, said, shown, part, resampling):
                found.setdefault(f"{each.name}{suffix}", []).append(each)
        for each in separations(model, shown, rollouts, resampling, seed):
            found.setdefault(each.name, []).append(each)
    return Ranked(found, [said.tied for said in whole], whole[0])


def correlations(
    task: Task, said: Said, shown: Sequence[Trajectory], rollouts: Sequence[Rollout], resampling: Resampling
) -> list[Estimate]:
    """Of the rewards and of baselines, then of the signals (``signal/…``)."""
    asked = returned_of(task, said.rewards, shown, rollouts)
    signals = returns(replace(asked, rewards=said.signals, baselines={}), resampling)
    own = [each for each in signals if each.name.startswith("returns/")]
    renamed = [replace(each, name=each.name.replace("returns/", "signal/")) for each in own]
    return [*returns(asked, resampling), *renamed]


def returned_of(task: Task, rewards: Floats, shown: Sequence[Trajectory], rollouts: Sequence[Rollout]) -> Returned:
    """Rewards and baselines of some rollouts."""
    items = [one.trajectory for one in rollouts]
    return Returned(
        rewards=rewards,
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
    clean, found = said_of(model, experts), []
    for sigma in NOISE:
        noisy = [
            Trajectory(item.observations + sigma * deviation * generator.standard_normal(item.observations.shape))
            for item in experts
        ]
        said, owners = said_of(model, noisy), np.tile(np.arange(len(experts)), 2)
        for name, area in (
            (f"auroc/noise-{sigma:g}", auroc(clean.rewards, said.rewards)),
            (f"signal/auroc/noise-{sigma:g}", auroc(clean.signals, said.signals)),
        ):
            found.append(resampling.estimate(name, owners, area, within=SHARE))
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
        found.append(figure(f"{short}: {learner} tied", result.tied, f"of {len(result.first.rewards)} rollouts"))
    return found


def _interval(estimate: Estimate) -> str:
    return f"95% {estimate.low:.3f} to {estimate.high:.3f}"


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
