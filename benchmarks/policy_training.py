"""The optimisation exam: what an optimiser makes of a learnt reward.

    python -m benchmarks.policy_training [--quick] [--resume] [--only Hopper] [--teachers true occupancy] [--seeds 0 1]
                                         [--optimiser ppo]

A fresh policy is trained on one teacher's reward alone, and judged by the true return of the final policy. Teachers:
the true reward, without or with its bonus for staying alive; an occupancy; one whose steps are summed; a plain mixture
of autoencoders. The learnt ones saw two expert episodes. Optimiser, budget and seed are the same for all teachers of a
task, and were chosen for the true reward.

Optimisers: augmented random search (``iirl_core/optimiser/ars.py``), which hears one number for an episode and improves
a linear policy; PPO (stable-baselines3's), which hears a reward for each step and improves a network. The true reward
teaches ARS without the bonus for staying alive, which ARS's authors leave out too (§4.1), because with it policies
learn to stand (the teacher *bonus* shows how that goes); it teaches PPO as the task pays it. Policies are judged with
the bonus.

An early end is absorbing for the occupancy that teaches ARS, and nothing for the one that teaches PPO: a sum of steps'
rewards lacks those of the steps that an end took, and charged for them a second time all of Hopper's first episodes
earn 0.000 alike. *Summed*, an end is nothing to ARS either: an episode earns the occupancy's reward once for every step
that it has, so that to live is worth what the steps are worth. Its map is stricter (an episode that stands still earns
a hundredth in place of a tenth), or ARS learns to stand.

Every run is kept in ``--runs``; with ``--resume`` the runs that are there are not repeated, and ``--report`` writes the
results of what is there. Needs the extra ``bench``.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np
import torch

from benchmarks.examined import SEEDS, Cell, Optimiser, Run, Settings, cells, figures_of, notes_of, plot, read_run
from benchmarks.figures import RESULTS, arguments, machine, write_results
from benchmarks.locomotion import TASKS, TaskName, Worlds
from benchmarks.teachers import (
    STRICT,
    TEACHERS,
    demonstrations_of,
    mixture,
    occupancy,
    summed,
    true_return,
    true_steps,
    true_teacher,
)
from iirl_core.optimiser import ars, ppo
from iirl_core.optimiser.ars import Episode, Judge
from iirl_core.probe.trajectory.policy import judge_of, steps_of
from iirl_core.reward_model import RewardModel

EVALUATED = 10
"""Episodes of the final policy whose true returns are averaged."""
ARS: dict[TaskName, ars.Settings] = {
    "HalfCheetah": ars.Settings(directions=8, top=4, noise=0.03, step_size=0.02, budget=2_000_000),
    "Hopper": ars.Settings(directions=8, top=4, noise=0.025, step_size=0.02, budget=600_000),
    "Walker2d": ars.Settings(directions=32, top=16, noise=0.03, step_size=0.03, budget=2_000_000),
}
"""Walker2d needs more directions, as with ARS's authors: with 8 the true reward itself taught one seed 487 in 2 million
steps, with 32 another one, not of the exam's, 3,443."""
PPO = ppo.Settings(copies=4, batch=250, epochs=10, learning_rate=3e-4, budget=1_000_000)
QUICK = ars.Settings(directions=2, top=1, noise=0.03, step_size=0.02, budget=600, horizon=100)
QUICK_PPO = ppo.Settings(copies=2, batch=50, epochs=2, learning_rate=3e-4, budget=400, horizon=100)


def settings_of(task: TaskName, optimiser: Optimiser, *, quick: bool) -> Settings:
    """The same for all teachers."""
    if optimiser == "ppo":
        return QUICK_PPO if quick else PPO
    return QUICK if quick else ARS[task]


def learnt_by(cell: Cell, data: Path) -> RewardModel | None:
    """The reward that trains the cell's policy, learnt anew for every seed; None: a true one."""
    if cell.teacher in ("true", "bonus"):
        return None
    episodes = demonstrations_of(data / "mujoco" / f"{TASKS[cell.task].name}-expert.npz")
    if cell.teacher == "mixture":
        return mixture(episodes, cell.seed)
    if cell.teacher == "summed":
        return occupancy(episodes, cell.seed, ends=False, still=STRICT)
    return occupancy(episodes, cell.seed, ends=cell.optimiser == "ars")


def heard(cell: Cell, model: RewardModel | None) -> Judge:
    """What ARS hears of an episode."""
    if model is not None:
        return summed(model) if cell.teacher == "summed" else judge_of(model)
    return true_teacher(0.0 if cell.teacher == "bonus" else TASKS[cell.task].alive)


def examine(cell: Cell, settings: Settings, data: Path) -> Run:
    """Train and judge."""
    task, model, started = TASKS[cell.task], learnt_by(cell, data), time.monotonic()
    judge = heard(cell, model)
    if isinstance(settings, ppo.Settings):
        paid = true_steps if model is None else steps_of(model)
        improved = ppo.train(partial(Worlds, task), paid, settings, cell.seed, EVALUATED)
        episodes, steps, curve = improved.episodes, improved.steps, improved.history
    else:
        searched = ars.train(Worlds(task, 2 * settings.directions), judge, settings, cell.seed)
        episodes, steps, curve = final(cell, searched.policy, settings.horizon), searched.steps, searched.history
    return Run(
        **asdict(cell),
        settings=settings,
        true_return=float(true_return(episodes).mean()),
        judged=float(judge(episodes).mean()),
        length=float(np.mean([len(episode) for episode in episodes])),
        steps=steps,
        seconds=round(time.monotonic() - started, 1),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine(),
        curve=curve,
    )


def final(cell: Cell, policy: ars.Policy, horizon: int) -> list[Episode]:
    """Episodes of the policy as it is, in worlds of its own."""
    alike = np.repeat(policy.weights[None], EVALUATED, axis=0)
    generator = np.random.default_rng([cell.seed, EVALUATED])
    return ars.roll(Worlds(TASKS[cell.task], EVALUATED), alike, policy, horizon, generator)


def main() -> int:
    """Run what is missing, print the table, draw, write."""
    parser = arguments("policy_training", (__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=get_args(TaskName), nargs="+", default=list(get_args(TaskName)))
    parser.add_argument("--teachers", choices=TEACHERS, nargs="+", default=list(TEACHERS))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--optimiser", choices=get_args(Optimiser), default="ars")
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
    todo = () if options.report else cells(options.only, options.teachers, options.seeds, options.optimiser)
    for cell in todo:
        file = options.runs / cell.file
        settings = settings_of(cell.task, cell.optimiser, quick=options.quick)
        if options.resume and file.exists() and read_run(file).settings == settings:
            continue
        run = examine(cell, settings, options.data)
        file.write_text(json.dumps(asdict(run)) + "\n", encoding="utf-8")
        print(
            f"{cell.file}: true return {run.true_return:,.0f} after {run.steps:,} steps, {run.seconds:,.0f} s",
            flush=True,
        )
    every = [read_run(file) for file in sorted(options.runs.glob("*.json"))]
    runs = [run for run in every if run.settings == settings_of(run.task, run.optimiser, quick=options.quick)]
    figures = figures_of(runs)
    plot(options.plot, runs)
    write_results("policy_training", figures, notes_of(runs), options.json)
    return 1 if any(each.met is False for each in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
