"""Would a learnt reward point the way that the true one does?

    python -m benchmarks.teacher_alignment [--quick] [--data FOLDER] [--json PATH]

A policy is trained for a while on the true reward, and another one on the occupancy. Of each update's episodes, which
random perturbations of one policy made, the rank correlation of their true return and of what each learnt reward says
of them is taken: it is all that augmented random search hears of a reward. Minutes instead of the hours of
``policy_training``, and it says where a reward misleads: early, among policies that know nothing, or late, and among
policies that the true reward made or that a learnt one did.

Beside the family's own distance, a maximum mean discrepancy in random features, stand two others on the same rows
(``benchmarks/distances.py``): the energy distance and Sinkhorn's divergence. Where episodes can end by themselves, an
end is absorbing for all of these; beside them stands the exam's *summed* occupancy, for which it is none, and trains a
policy too.
Needs the extra ``bench``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import torch

from benchmarks.distances import distance_judge, energy, sinkhorn
from benchmarks.figures import Figure, arguments, figure, write_results
from benchmarks.locomotion import TASKS, TaskName, Worlds
from benchmarks.policy_training import ARS, QUICK
from benchmarks.teachers import (
    OCCUPANCY,
    STRICT,
    demonstrations_of,
    mixture,
    occupancy,
    parts_of,
    summed,
    true_return,
    true_teacher,
)
from iirl_core.config.expertness import OccupancySection
from iirl_core.evaluation import Resampling
from iirl_core.evaluation.returns import correlation
from iirl_core.optimiser.ars import Episode, Floats, Judge, train
from iirl_core.probe.trajectory.policy import judge_of

STEPS: dict[TaskName, int] = {"HalfCheetah": 320_000, "Hopper": 80_000, "Walker2d": 80_000}
UPDATES = 24
"""Updates that are looked at, evenly spaced; the first half is called early."""
OURS = "states, departure"
"""What the exam's occupancy looks at."""
SUMMED = "summed"
"""What the exam's occupancy looks at, but an episode earns it once for every step that it has, by a stricter map."""
NARROW = OccupancySection(widths=[0.5, 1.0, 2.0])


def judges_of(file: Path, *, ends: bool) -> dict[str, Judge]:
    """The learnt rewards to compare, on a task whose episodes can end by themselves, or cannot."""
    shown = demonstrations_of(file)
    ours = occupancy(shown, 0, OCCUPANCY)
    found = {
        "narrow widths, changes": occupancy(shown, 0, NARROW, rows="changes", emphasis="even"),
        "changes": occupancy(shown, 0, OCCUPANCY, rows="changes", emphasis="even"),
        "states": occupancy(shown, 0, OCCUPANCY, rows="states", emphasis="even"),
        OURS: ours,
        "mixture": mixture(shown, 0),
    }
    if ends:
        found[SUMMED] = occupancy(shown, 0, OCCUPANCY, ends=False, still=STRICT)
    train, _ = parts_of(shown)
    others = {"energy distance": energy, "Sinkhorn": sinkhorn}
    return {
        **{name: (summed if name == SUMMED else judge_of)(model) for name, model in found.items()},
        **{f"{OURS}, {name}": distance_judge(ours.encoder, train, each) for name, each in others.items()},
    }


def updates_of(task: TaskName, judge: Judge, *, quick: bool) -> list[list[Episode]]:
    """The episodes of some updates of training on what ``judge`` says."""
    settings = QUICK if quick else replace(ARS[task], budget=STEPS[task])
    seen = list[list[Episode]]()

    def watched(episodes: Sequence[Episode]) -> Floats:
        seen.append(list(episodes))
        return judge(episodes)

    train(Worlds(TASKS[task], 2 * settings.directions), watched, settings, seed=0)
    places = np.unique(np.linspace(0, len(seen) - 1, UPDATES).astype(int))
    return [seen[place] for place in places.tolist()]


def alignment(updates: Sequence[Sequence[Episode]], judge: Judge, alive: float) -> Floats:
    """``[U]``: Spearman's correlation of the judge's numbers and true returns within each update; 0 where one side does
    not vary.
    """
    true = true_teacher(alive)
    found = [correlation(judge(episodes), true(episodes))(np.ones(len(episodes))) for episodes in updates]
    return np.nan_to_num(np.array(found))


def figures_of(title: str, found: Mapping[str, Floats]) -> list[Figure]:
    """Means of the first and the second half of the updates, with 95% intervals over updates."""
    rows, resampling = [], Resampling()
    for name, values in found.items():
        half = max(1, len(values) // 2)
        for part, chosen in (("early", values[:half]), ("late", values[half:])):
            if len(chosen):
                each = resampling.mean(f"alignment/{part}", np.arange(len(chosen)), chosen)
                interval = f"95% {each.low:.2f} to {each.high:.2f}"
                rows.append(figure(f"{title}: {name}, {part}", [each.value], "Spearman", baseline=interval))
    return rows


def reached(title: str, updates: Sequence[Sequence[Episode]]) -> Figure:
    """The true return, as the task pays it, of the episodes of an update, over the last quarter of the updates."""
    last = [float(true_return(episodes).mean()) for episodes in updates[-max(1, len(updates) // 4) :]]
    return figure(f"{title}: true return, last updates", last, "return")


def main() -> int:
    """Run, print the table, write it."""
    parser = arguments("teacher_alignment", (__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=get_args(TaskName), nargs="+", default=list(get_args(TaskName)))
    options = parser.parse_args()
    if not options.data.is_dir():
        print(f"teacher_alignment: there is no data at {options.data}", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    figures = list[Figure]()
    for task in options.only:
        alive = TASKS[task].alive
        judges = judges_of(options.data / "mujoco" / f"{TASKS[task].name}-expert.npz", ends=TASKS[task].ends)
        teachers = {"true": true_teacher(alive), "occupancy": judges[OURS]}
        teachers |= {name: judge for name, judge in judges.items() if name == SUMMED}
        for teacher, judge in teachers.items():
            updates = updates_of(task, judge, quick=options.quick)
            found = {name: alignment(updates, each, alive) for name, each in judges.items()}
            figures += [*figures_of(f"{task} on {teacher}", found), reached(f"{task} on {teacher}", updates)]
    notes = (
        f"Mean over {UPDATES // 2} updates each of the rank correlation of true return (without the bonus for staying"
        " alive) and learnt reward within an update's episodes, while ARS trains on the true reward, on the"
        f" occupancy ({OURS}), or on the exam's {SUMMED} one, one seed each; in the baseline"
        " column the 95% bootstrap interval over updates. True return: as the task pays it, of the episodes of the last"
        f" quarter of these updates, of {', '.join(f'{steps:,} steps ({task})' for task, steps in STEPS.items())}."
    )
    write_results("teacher_alignment", figures, notes, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
