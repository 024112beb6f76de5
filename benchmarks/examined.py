"""What came of the exam's runs: the nouns, a table and a drawing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import mean, median
from typing import Literal, get_args

from benchmarks.figures import Figure, figure
from benchmarks.locomotion import TASKS, TaskName
from benchmarks.teachers import TEACHERS, Teacher
from iirl_core.optimiser import ars, ppo
from iirl_core.optimiser.ars import Progress

Optimiser = Literal["ars", "ppo"]
Settings = ars.Settings | ppo.Settings

SEEDS = (0, 1, 2)
SHARE = 0.9
"""Of the true reward's return, what a learnt reward should teach."""
COLOURS: dict[Teacher, str] = {
    "true": "black",
    "bonus": "tab:purple",
    "occupancy": "tab:green",
    "summed": "tab:blue",
    "mixture": "tab:red",
}
LABELS: dict[Teacher, str] = {
    "true": "the true reward",
    "bonus": "the same with its bonus",
    "occupancy": "an occupancy",
    "summed": "an occupancy, summed",
    "mixture": "a mixture",
}
SMOOTHED = 9
"""Points of a learning curve that are drawn as one: an update's episodes differ more than the policies do."""


@dataclass(frozen=True)
class Cell:
    """One run to do."""

    task: TaskName
    teacher: Teacher
    seed: int
    optimiser: Optimiser = "ars"

    @property
    def file(self) -> str:
        """Its name among the runs."""
        return f"{self.task}-{self.teacher}-{self.seed}{'' if self.optimiser == 'ars' else f'-{self.optimiser}'}.json"


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
    optimiser: Optimiser = "ars"

    @property
    def cell(self) -> Cell:
        """Which run it is."""
        return Cell(self.task, self.teacher, self.seed, self.optimiser)


def cells(
    tasks: Sequence[TaskName], teachers: Sequence[Teacher], seeds: Sequence[int], optimiser: Optimiser = "ars"
) -> Iterator[Cell]:
    """Task by task, so that an interrupted exam has whole tasks; within one, seed by seed. PPO is paid a bonus for
    staying alive by the true reward itself, and HalfCheetah pays none.
    """
    for task, seed, teacher in product(tasks, seeds, teachers):
        if teacher != "bonus" or (optimiser == "ars" and TASKS[task].alive):
            yield Cell(task, teacher, seed, optimiser)


def read_run(file: Path) -> Run:
    """The inverse of what ``main`` keeps."""
    document = json.loads(file.read_text(encoding="utf-8"))
    curve = tuple(Progress(**point) for point in document.pop("curve"))
    kind = ppo.Settings if document.get("optimiser") == "ppo" else ars.Settings
    return Run(settings=kind(**document.pop("settings")), curve=curve, **document)


def figures_of(runs: Sequence[Run]) -> list[Figure]:
    """Per optimiser and task: what each teacher reached, and the others' share of the true reward's median; an
    occupancy's is judged, where all seeds were run.
    """
    found = []
    for optimiser, task in product(get_args(Optimiser), get_args(TaskName)):
        title = f"{optimiser.upper()}, {task}"
        reached = {teacher: [run.true_return for run in _of(runs, optimiser, task, teacher)] for teacher in TEACHERS}
        for teacher, returns in reached.items():
            if returns:
                found.append(figure(f"{title}: taught by {teacher}", returns, "true return", baseline=_seeds(returns)))
        for teacher in TEACHERS[1:]:
            if reached[teacher] and reached["true"]:
                best = median(reached["true"])
                shares = [returns / best for returns in reached[teacher]]
                whole = len(shares) == len(reached["true"]) == len(SEEDS)
                bound = SHARE if teacher in ("occupancy", "summed") and whole else None
                name = f"{title}: {teacher} against true"
                found.append(figure(name, shares, "×", at_least=bound, baseline=f"true reward {best:,.0f}"))
    return found


def _of(runs: Sequence[Run], optimiser: Optimiser, task: TaskName, teacher: Teacher) -> list[Run]:
    return [run for run in runs if (run.optimiser, run.task, run.teacher) == (optimiser, task, teacher)]


def _seeds(returns: Sequence[float]) -> str:
    return f"{len(returns)} of {len(SEEDS)} seeds"


def notes_of(runs: Sequence[Run]) -> str:
    """What was run, and what was not."""
    told = [
        f"{optimiser.upper()}, {task}: {_told(s)}."
        for optimiser, task, s in sorted({(run.optimiser, run.task, run.settings) for run in runs}, key=str)
    ]
    missing = _missing({run.cell for run in runs})
    return (
        "Returns are means over ten episodes of the final policy; a figure is the median over the seeds that were run"
        f" (the target of a learnt reward is ≥ {SHARE:g} of the true one, over all of them). The true reward of"
        " Hopper and Walker2d includes 1 for every step, as the teacher true of ARS it does not."
        " " + " ".join(told) + (f" Not run: {'; '.join(missing)}." if missing else " No cell is missing.")
    )


def _missing(done: Set[Cell]) -> list[str]:
    """What is not ``done``, by optimiser and task."""
    found = []
    for optimiser, task in product(get_args(Optimiser), get_args(TaskName)):
        every = list(cells([task], TEACHERS, SEEDS, optimiser))
        lacking = [cell for cell in every if cell not in done]
        each = "all" if lacking == every else ", ".join(f"{c.teacher} {c.seed}" for c in lacking)
        if lacking:
            found.append(f"{optimiser.upper()}, {task}: {each}")
    return found


def _told(settings: Settings) -> str:
    if isinstance(settings, ppo.Settings):
        return (
            f"{settings.budget:,} steps, {settings.copies} worlds, {settings.epochs} epochs of batches of"
            f" {settings.batch}, rate {settings.learning_rate:g}"
        )
    return (
        f"{settings.budget:,} steps, {settings.directions} directions, best {settings.top}, noise {settings.noise:g},"
        f" step {settings.step_size:g}"
    )


def plot(path: Path, runs: Sequence[Run]) -> None:
    """True return over steps of the world, while training: a panel per optimiser and task, a line per run."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    done = {(run.optimiser, run.task) for run in runs}
    shown = [each for each in product(get_args(Optimiser), get_args(TaskName)) if each in done]
    columns = min(2, max(1, len(shown)))
    rows = max(1, -(-len(shown) // columns))
    drawing, axes = plt.subplots(
        rows, columns, figsize=(5.2 * columns, 3.2 * rows), squeeze=False, layout="constrained"
    )
    for axis in axes.flat[len(shown) :]:
        axis.set_visible(False)
    for axis, (optimiser, task) in zip(axes.flat, shown, strict=False):
        for teacher in TEACHERS:
            for number, run in enumerate(_of(runs, optimiser, task, teacher)):
                steps, returns = ([float(getattr(p, name)) for p in run.curve] for name in ("steps", "true_return"))
                told = {"color": COLOURS[teacher], "label": LABELS[teacher] if number == 0 else None}
                axis.plot([each / 1e6 for each in steps], smoothed(returns), linewidth=1.4, alpha=0.85, **told)
        axis.set_title(f"{task}, {optimiser.upper()}", fontsize=10)
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.25, linewidth=0.6)
        axis.legend(fontsize=8, title="taught by", title_fontsize=8, framealpha=0)
    drawing.supxlabel("million steps of the world", fontsize=9)
    drawing.supylabel(f"true return while training (mean of {SMOOTHED} neighbouring points)", fontsize=9)
    drawing.savefig(path, dpi=110)
    plt.close(drawing)


def smoothed(values: Sequence[float]) -> list[float]:
    """Means of each value and its neighbours, of which the first and the last have fewer."""
    half = SMOOTHED // 2
    return [mean(values[max(0, place - half) : place + half + 1]) for place in range(len(values))]
