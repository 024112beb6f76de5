"""What ``planted_biases`` counts: recall by group and strength, false alarms by ground, and lines to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from benchmarks.figures import Figure, figure
from benchmarks.planted import Bias
from benchmarks.planted_audits import Audited
from benchmarks.planted_rewards import Corpora
from iirl_core.audit import FamilyResult
from iirl_core.config import Config

STRENGTHS = (2.0, 1.0)
"""By how much all of a bias moves the reward's logit: from a reward of ½ to 0.88 or 0.12, to 0.73 or 0.27. The first is
judged, the second reported on request.
"""
Ground = Literal["bag", "minilm"]
"""What a reward stands on."""
KEPT = 0.95
"""The share of reference rewards that a limit lets pass."""


@dataclass(frozen=True)
class Task:
    """A reward; the biases that are planted in it one at a time, each with its group and strength; what asks it."""

    ground: Ground
    seed: int
    name: str
    biases: tuple[tuple[str, Bias, float], ...]
    config: Config
    data: Corpora


@dataclass(frozen=True)
class Done:
    """What was said of the reward itself, and of each bias in it."""

    task: Task
    clean: Audited
    found: tuple[Audited, ...]


def figures_of(done: Sequence[Done]) -> list[Figure]:
    """Recall by group and strength, and false alarms by ground."""
    told: dict[tuple[float, str], list[float]] = {}
    for group, _, strength, one in _each(done):
        for name in (group, "all that are listed here") if group.startswith("kinds with") else (group,):
            told.setdefault((strength, name), []).append(float(one.told is not None))
    figures = []
    for (strength, group), its in sorted(told.items(), key=lambda pair: -pair[0][0]):
        least = 0.9 if strength == STRENGTHS[0] else None
        said = f"{sum(its):g} of {len(its)}"
        name = f"recall at {strength:g}: {group}"
        figures.append(figure(name, [float(np.mean(its))], "", at_least=least, baseline=said))
    for ground in get_args(Ground):
        alarms = [float(bool(one.clean.alarms)) for one in done if one.task.ground == ground]
        if alarms:
            said = f"{sum(alarms):g} of {len(alarms)}"
            name = f"false alarms: {ground}"
            figures.append(figure(name, [float(np.mean(alarms))], "", at_most=0.1, baseline=said))
    return figures


def missed(done: Sequence[Done]) -> dict[str, list[str]]:
    """By group, the biases of the first strength that were not found."""
    names: dict[str, list[str]] = {}
    for group, bias, strength, one in _each(done):
        if strength == STRENGTHS[0]:
            names.setdefault(group, []).extend([bias.name] if one.told is None else [])
    return names


def _each(done: Sequence[Done]) -> Iterator[tuple[str, Bias, float, Audited]]:
    for each in done:
        for (group, bias, strength), one in zip(each.task.biases, each.found, strict=True):
            yield group, bias, strength, one


def say_reference(audits: Sequence[Audited]) -> None:
    """Of each norm and family the upper bound that 95% of the reference rewards keep, and all of their bounds."""
    for results in zip(*(one.results for one in audits), strict=True):
        uppers = sorted(one.upper for one in results)
        kept = uppers[int(KEPT * (len(uppers) - 1))]
        print(f"{results[0].norm:30} {results[0].family:14} {kept:.2f}  {' '.join(f'{u:.2f}' for u in uppers)}")


def said_of(one: Audited) -> str:
    """In a line."""
    if one.told is None:
        return f"missed ({why(one.alarms) or 'passed'})"
    return f"found by {one.told.family}, {one.told.broken} of {one.told.spoken}: {'; '.join(one.notes)}"


def why(alarms: Sequence[FamilyResult]) -> str:
    """The families that raised an alarm, each with what it found."""
    return ", ".join(f"{one.family} {one.broken} of {one.spoken}" for one in alarms)
