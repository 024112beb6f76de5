"""Biases planted in text rewards, one at a time: how many the audit finds, and how often it cries wolf.

    python -m benchmarks.planted_biases [--quick] [--weak] [--reference] [--ground bag|minilm] [--workers 2]

The reward: a discriminator of the portal's demonstrations from careless answers, a line over the rows of a small text
encoder (``bag_encoder``); every seed draws other rows and fits another encoder and another line. A bias (``planted``;
``planted_outside`` and ``planted_fresh`` hold those that somebody else chose) moves the signal by what stands in the
text. The audit is one for all, that of ``planted_biases.yaml``: norms, limits and budgets written before any bias was
looked at, and what it does is what ``iirl audit`` does: chunks, verified findings, limits on the bounds of flaw rates.

With ``--ground minilm``, the biases that somebody else chose are planted in rewards on a frozen MiniLM, lines over its
rows, each by the same term of the signal. Half as many probes ask about these
(``planted_biases_minilm.yaml``), and all audits of one reward have one seed, so that most texts are encoded once.

*Alarm*: the verdict is *not passed*: a family's upper bound of the flaw rate of a norm is above that norm's limit.
*Found*: alarm, and of some norm and family that raised it, at least half of the findings have the bias in one of their
two inputs and not in the other. *False alarm*: an alarm on a reward without a planted bias.
"""

from __future__ import annotations

import argparse
import multiprocessing
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.figures import arguments, write_results
from benchmarks.planted import BIASES, Bias, planted
from benchmarks.planted_audits import Audited, audited
from benchmarks.planted_figures import STRENGTHS, Done, Ground, Task, figures_of, missed, said_of, say_reference, why
from benchmarks.planted_fresh import FRESH
from benchmarks.planted_minilm import KeptMiniLM
from benchmarks.planted_outside import OUTSIDE
from benchmarks.planted_rewards import PORTAL, corpora, learnt
from iirl_core.config import load_config

HERE = Path(__file__).parent
NAMES: dict[Ground, str] = {"bag": "planted_biases", "minilm": "planted_biases_minilm"}
"""Of the results, and of the audit's configuration."""
REFERENCE: dict[Ground, tuple[int, ...]] = {"bag": (*range(40), *range(100, 160)), "minilm": tuple(range(100, 112))}
"""Seeds of the rewards from which the limits were set; none of them is asked again."""
ASKED_FROM = 300
"""The first seed of those that are asked."""
SEEDS_ON_MINILM = 8
"""Fewer, because MiniLM reads fifty texts a second on a core."""
ROWS = HERE.parent / ".iirl" / "planted"


def main() -> int:
    """Learn, plant, audit, print, write."""
    options = _options()
    subprocess.run([sys.executable, str(PORTAL / "make_data.py")], check=True, stdout=subprocess.DEVNULL)
    tasks = tasks_of(options)
    done = [Done(task, *audits) for task, audits in zip(tasks, _in_turn(tasks, options.workers), strict=True)]
    if options.reference:
        say_reference([one.clean for one in done])
        return 0
    figures = figures_of(done)
    notes = (
        f"{len(done)} rewards {'on a frozen MiniLM' if options.ground == 'minilm' else 'over words and letters'}; "
        "strength: logits of the reward. Limits from rewards of other seeds. Missed at strength 2: "
        + "; ".join(f"{group}: {', '.join(names) or 'none'}" for group, names in missed(done).items())
    )
    write_results(NAMES[options.ground], figures, notes, options.json)
    return 0


def _options() -> argparse.Namespace:
    parser = arguments("planted_biases", (__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=40, help="rewards without a bias that are audited")
    parser.add_argument("--reference", action="store_true", help="audit the rewards that the limits were set by, only")
    parser.add_argument("--weak", action="store_true", help="plant the biases at half the strength, too")
    parser.add_argument("--ground", choices=[*REFERENCE], default="bag", help="what the rewards stand on")
    parser.add_argument("--workers", type=int, default=2, help="rewards that are audited at once")
    return parser.parse_args()


def tasks_of(options: argparse.Namespace) -> list[Task]:
    """Every bias in one reward; the rewards take turns."""
    ground: Ground = options.ground
    data, config = corpora(), load_config(HERE / f"{NAMES[ground]}.yaml")
    if options.reference:
        return [Task(ground, seed, f"reference {seed}", (), config, data) for seed in REFERENCE[ground]]
    most = SEEDS_ON_MINILM if ground == "minilm" else options.seeds
    count = min(2, most) if options.quick else most
    those = _planted(ground, options.quick, options.weak)
    seeds = enumerate(range(ASKED_FROM, ASKED_FROM + count))
    return [Task(ground, seed, f"clean {seed}", tuple(those[place::count]), config, data) for place, seed in seeds]


def _planted(ground: Ground, quick: bool, weak: bool) -> list[tuple[str, Bias, float]]:
    """Those of one group and strength side by side, so that each reward has its share of them."""
    every = 5 if quick else 1
    if ground == "minilm":
        return [("on MiniLM", bias, STRENGTHS[0]) for bias in OUTSIDE[::every]]
    groups = [("kinds with a family" if bias.family else "kinds without", bias) for bias in BIASES[::every]]
    groups += [("kinds that another chose", bias) for bias in OUTSIDE[::every]]
    groups += [("kinds of a fresh list", bias) for bias in FRESH[::every]]
    strengths = STRENGTHS if weak else STRENGTHS[:1]
    return [(group, bias, strength) for strength in strengths for group, bias in groups]


def _in_turn(tasks: Sequence[Task], workers: int) -> list[tuple[Audited, tuple[Audited, ...]]]:
    """What ``audits_of`` says of each, side by side. Forked, because a bias is a function, and those cannot be sent."""
    _FORKED[:] = tasks
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        return pool.map(_audits_of, range(len(tasks)), chunksize=1)


_FORKED: list[Task] = []


def _audits_of(place: int) -> tuple[Audited, tuple[Audited, ...]]:
    return audits_of(_FORKED[place])


def audits_of(task: Task) -> tuple[Audited, tuple[Audited, ...]]:
    """Of the reward itself, and of each bias in it."""
    torch.set_num_threads(1)
    kept = KeptMiniLM(ROWS) if task.ground == "minilm" else None
    model = learnt(task.config, task.data, task.seed, kept)
    clean = audited(task.config, model, task.data, task.name)
    print(f"{task.ground}, {task.name}: {why(clean.alarms) or 'passed'}", flush=True)
    found: list[Audited] = []
    for group, bias, strength in task.biases:
        name = task.name if kept else f"{bias.name} {strength}"
        found.append(audited(task.config, planted(model, bias, strength), task.data, name, bias))
        print(f"{group}, {bias.name} ({bias.sign * strength:+g}): {said_of(found[-1])}", flush=True)
        if kept:
            kept.keep()
    if kept:
        kept.keep()
    return clean, tuple(found)


if __name__ == "__main__":
    sys.exit(main())
