"""The optimisation exam: what an optimiser makes of a learnt reward.

    python -m benchmarks.policy_training [--quick] [--resume] [--only Hopper] [--teachers true occupancy] [--seeds 0 1]

A fresh linear policy is trained by augmented random search (``benchmarks/ars.py``) on one teacher's reward alone, and
judged by the true return of the final policy. Teachers: the true reward; an occupancy; a plain mixture of autoencoders.
The learnt ones saw two expert episodes. Optimiser, budget and seed are the same for all teachers of a task, and were
chosen for the true reward. As a teacher it comes without the bonus for staying alive, which ARS's authors leave out too
(§4.1): with it policies learn to stand. Policies are judged with it.

Every run is kept in ``--runs``; with ``--resume`` the runs that are there are not repeated, and ``--report`` writes the
results of what is there. Needs the extra ``bench``.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from statistics import median
from typing import get_args

import numpy as np
import torch

from benchmarks.ars import Judge, Policy, Progress, Settings, roll, train
from benchmarks.figures import RESULTS, Figure, arguments, figure, machine, write_results
from benchmarks.locomotion import TASKS, TaskName, Worlds
from benchmarks.teachers import (
    TEACHERS,
    Teacher,
    demonstrations_of,
    judge_of,
    mixture,
    occupancy,
    true_return,
    true_teacher,
)

SEEDS = (0, 1, 2)
EVALUATED = 10
"""Episodes of the final policy whose true returns are averaged."""
SHARE = 0.9
"""Of the true reward's return, what a learnt reward should teach."""
SETTINGS: dict[TaskName, Settings] = {
    "HalfCheetah": Settings(directions=8, top=4, noise=0.03, step_size=0.02, budget=2_000_000),
    "Hopper": Settings(directions=8, top=4, noise=0.025, step_size=0.02, budget=600_000),
    "Walker2d": Settings(directions=8, top=4, noise=0.025, step_size=0.02, budget=600_000),
}
COLOURS: dict[Teacher, str] = {"true": "black", "occupancy": "tab:green", "mixture": "tab:red"}
QUICK = Settings(directions=2, top=1, noise=0.03, step_size=0.02, budget=600, horizon=100)


@dataclass(frozen=True)
class Cell:
    """One run to do."""

    task: TaskName
    teacher: Teacher
    seed: int

    @property
    def file(self) -> str:
        """Its name among the runs."""
        return f"{self.task}-{self.teacher}-{self.seed}.json"


@dataclass(frozen=True)
class Run:
    """What came of it: mean ``true_return``, ``judged`` reward and ``length`` of the final policy's episodes,
    and a point of the learning curve per update.
    """

    task: TaskName
    teacher: Teacher
    seed: int
    settings: Settings
    true_return: float
    judged: float
    length: float
    steps: int
    seconds: float
    date: str
    machine: str
    curve: tuple[Progress, ...]


def cells(tasks: Sequence[TaskName], teachers: Sequence[Teacher], seeds: Sequence[int]) -> Iterator[Cell]:
    """Task by task, so that an interrupted exam has whole tasks; within one, seed by seed."""
    for task, seed, teacher in product(tasks, seeds, teachers):
        yield Cell(task, teacher, seed)


def teacher_of(cell: Cell, data: Path) -> Judge:
    """The judge that trains the cell's policy; a learnt one is learnt anew for every seed."""
    if cell.teacher == "true":
        return true_teacher(TASKS[cell.task].alive)
    episodes = demonstrations_of(data / "mujoco" / f"{TASKS[cell.task].name}-expert.npz")
    return judge_of(occupancy(episodes, cell.seed) if cell.teacher == "occupancy" else mixture(episodes, cell.seed))


def examine(cell: Cell, settings: Settings, data: Path) -> Run:
    """Train and judge."""
    judge, started = teacher_of(cell, data), time.monotonic()
    worlds = Worlds(TASKS[cell.task], 2 * settings.directions)
    trained = train(worlds, judge, settings, cell.seed)
    returns, judged, length = final(cell, trained.policy, judge, settings.horizon)
    return Run(
        **asdict(cell),
        settings=settings,
        true_return=returns,
        judged=judged,
        length=length,
        steps=trained.steps,
        seconds=round(time.monotonic() - started, 1),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine(),
        curve=trained.history,
    )


def final(cell: Cell, policy: Policy, judge: Judge, horizon: int) -> tuple[float, float, float]:
    """True return, judged reward and length of the policy, in worlds of its own."""
    worlds = Worlds(TASKS[cell.task], EVALUATED)
    alike = np.repeat(policy.weights[None], EVALUATED, axis=0)
    episodes = roll(worlds, alike, policy, horizon, np.random.default_rng([cell.seed, EVALUATED]))
    lengths = [len(episode) for episode in episodes]
    return float(true_return(episodes).mean()), float(judge(episodes).mean()), float(np.mean(lengths))


def read_run(file: Path) -> Run:
    """The inverse of what ``main`` keeps."""
    document = json.loads(file.read_text(encoding="utf-8"))
    curve = tuple(Progress(**point) for point in document.pop("curve"))
    return Run(settings=Settings(**document.pop("settings")), curve=curve, **document)


def figures_of(runs: Sequence[Run]) -> list[Figure]:
    """Per task: what each teacher reached, and the learnt ones' share of the true reward's median; judged where all
    seeds were run.
    """
    found = []
    for task in get_args(TaskName):
        reached = {
            teacher: [run.true_return for run in runs if (run.task, run.teacher) == (task, teacher)]
            for teacher in TEACHERS
        }
        for teacher, returns in reached.items():
            if returns:
                found.append(figure(f"{task}: taught by {teacher}", returns, "true return", baseline=_seeds(returns)))
        for teacher in ("occupancy", "mixture"):
            if reached[teacher] and reached["true"]:
                best = median(reached["true"])
                shares = [returns / best for returns in reached[teacher]]
                whole = len(shares) == len(reached["true"]) == len(SEEDS)
                bound = SHARE if teacher == "occupancy" and whole else None
                name = f"{task}: {teacher} against true"
                found.append(figure(name, shares, "×", at_least=bound, baseline=f"true reward {best:,.0f}"))
    return found


def _seeds(returns: Sequence[float]) -> str:
    return f"{len(returns)} of {len(SEEDS)} seeds"


def notes_of(runs: Sequence[Run]) -> str:
    """What was run, and what was not."""
    kinds = {(run.task, run.settings) for run in runs}
    told = [
        f"{task}: {s.budget:,} steps, {s.directions} directions, best {s.top}, noise {s.noise:g}, step {s.step_size:g}."
        for task, s in sorted(kinds, key=str)
    ]
    done = {(run.task, run.teacher, run.seed) for run in runs}
    missing = [f"{c.task}/{c.teacher}/{c.seed}" for c in cells(get_args(TaskName), TEACHERS, SEEDS)]
    missing = [name for name in missing if tuple(name.split("/")) not in {(t, w, str(s)) for t, w, s in done}]
    return (
        "Returns are means over ten episodes of the final policy; a figure is the median over the seeds that were run"
        f" (the target of a learnt reward is ≥ {SHARE:g} of the true one, over all of them). The true reward of"
        " Hopper and Walker2d includes 1 for every step, as a teacher it does not."
        " " + " ".join(told) + (f" Not run: {', '.join(missing)}." if missing else " No cell is missing.")
    )


def plot(path: Path, runs: Sequence[Run]) -> None:
    """True return over steps of the world, while training; a line per run."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    tasks = [task for task in get_args(TaskName) if any(run.task == task for run in runs)]
    drawing, axes = plt.subplots(1, len(tasks), figsize=(4 * len(tasks), 3), squeeze=False)
    for axis, task in zip(axes[0], tasks, strict=True):
        for teacher in TEACHERS:
            taught = [run for run in runs if (run.task, run.teacher) == (task, teacher)]
            for number, run in enumerate(taught):
                steps, returns = [p.steps / 1e6 for p in run.curve], [p.true_return for p in run.curve]
                label = teacher if number == 0 else None
                axis.plot(steps, returns, color=COLOURS[teacher], linewidth=0.9, alpha=0.8, label=label)
        axis.set_title(task, fontsize=9)
        axis.set_xlabel("million steps of the world", fontsize=8)
        axis.tick_params(labelsize=7)
        axis.legend(fontsize=7, title="taught by", title_fontsize=7)
    axes[0][0].set_ylabel("true return of an update's episodes", fontsize=8)
    drawing.tight_layout()
    drawing.savefig(path, dpi=110)
    plt.close(drawing)


def main() -> int:
    """Run what is missing, print the table, draw, write."""
    parser = arguments("policy_training", (__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=get_args(TaskName), nargs="+", default=list(get_args(TaskName)))
    parser.add_argument("--teachers", choices=TEACHERS, nargs="+", default=list(TEACHERS))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--runs", type=Path, default=Path(".iirl-exam"), help="where each run is kept")
    parser.add_argument("--resume", action="store_true", help="do not repeat the runs that are there")
    parser.add_argument("--report", action="store_true", help="run nothing")
    parser.add_argument("--plot", type=Path, default=RESULTS / "policy_training.png")
    options = parser.parse_args()
    if not options.data.is_dir():
        print(f"policy_training: there is no data at {options.data}", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    options.runs.mkdir(parents=True, exist_ok=True)
    for cell in () if options.report else cells(options.only, options.teachers, options.seeds):
        file = options.runs / cell.file
        settings = QUICK if options.quick else SETTINGS[cell.task]
        if options.resume and file.exists() and read_run(file).settings == settings:
            continue
        run = examine(cell, settings, options.data)
        file.write_text(json.dumps(asdict(run)) + "\n", encoding="utf-8")
        print(
            f"{cell.file}: true return {run.true_return:,.0f} after {run.steps:,} steps, {run.seconds:,.0f} s",
            flush=True,
        )
    every = [read_run(file) for file in sorted(options.runs.glob("*.json"))]
    runs = [run for run in every if run.settings == (QUICK if options.quick else SETTINGS[run.task])]
    figures = figures_of(runs)
    plot(options.plot, runs)
    write_results("policy_training", figures, notes_of(runs), options.json)
    return 1 if any(each.met is False for each in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
