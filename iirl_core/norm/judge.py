"""Judging: a norm, what was asked, what the model answered → by how much the norm was broken.

    ceiling     excess = max over the steps that the norm speaks of: reward − threshold
    floor       excess = max over those steps: threshold − reward
    direction   excess = max over steps: reward(edited) − reward(original) − threshold
    agreement   excess = reward(rejected) − reward(chosen) + threshold
    invariance  excess = max over steps: |reward(edited) − reward(original)| − threshold
    predicate   excess = what its function returns

It speaks of the inputs that its matchers match, and of the steps in its region. A pair of trajectories of different
lengths is compared by its mean rewards. A reward that is not a number breaks whatever norm is asked, as far as a reward
can, wherever it lies: no region and no matcher silences it (in an audit ``NUMBER`` is asked, and beside it only the
norm of a former finding). Pure: no state, no clock, no chance; a predicate has to be so itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iirl_core.demonstration import Input, Trajectory, conversation_of
from iirl_core.errors import ConfigError, InputError
from iirl_core.norm.judgement import SILENT, Answer, Judgement
from iirl_core.norm.norm import Norm, NormKind
from iirl_core.norm.observed import Observed
from iirl_core.norm.predicate import Predicate
from iirl_core.norm.region import Measured, held

FARTHEST = 1.0
"""The excess of a reward that is not a number: finite, so that a finding can be written down."""


def judge(norm: Norm, inputs: tuple[Input, ...], rewards: tuple[Answer, ...], source: str = "") -> Judgement:
    """One question: ``inputs`` is one input, or an original and its edit; ``rewards[i]`` answers ``inputs[i]``;
    ``source`` is where the record came from that it was made from ("" where nobody knows).

    A norm about one input judges a pair's edit.

    Raises:
        ConfigError: the norm compares two inputs and was given one; a predicate cannot be asked, raised, or hung.
        InputError: a region meets a conversation, or observations of another dimension; a matcher meets a trajectory.
    """
    return judge_all(norm, [inputs], [rewards], [source])[0]


def judge_all(
    norm: Norm,
    questions: Sequence[tuple[Input, ...]],
    rewards: Sequence[tuple[Answer, ...]],
    sources: Sequence[str] = (),
) -> list[Judgement]:
    """As ``judge``, many at once: regions and matchers look at all in one go. ``sources`` are those of the questions,
    one each, or none where nobody knows.

    Raises:
        ConfigError, InputError: as ``judge``.
    """
    judged = _judged(norm, questions, rewards)
    if norm.matches and judged:
        matched = _matched(norm, questions, sources or [""] * len(questions))
        judged = [each if spoken else SILENT for each, spoken in zip(judged, matched.tolist(), strict=True)]
    if all_numbers(rewards):
        return judged
    return [_numberless(answers) or each for each, answers in zip(judged, rewards, strict=True)]


def all_numbers(rewards: Sequence[tuple[Answer, ...]]) -> bool:
    """Whether every reward of all answers is one."""
    every = [answer for answers in rewards for answer in answers]
    return not every or bool(np.isfinite(np.concatenate(every)).all())


def _numberless(answers: tuple[Answer, ...]) -> Judgement | None:
    """At the first such step, of the edit if it has one; an original's may lie beyond the edit's end, and then no step
    is to blame. None where all are numbers.
    """
    steps = [(~np.isfinite(answer)).nonzero()[0] for answer in reversed(answers)]
    first = next((int(found[0]) for found in steps if len(found)), None)
    if first is None:
        return None
    return Judgement(FARTHEST, first) if first < len(answers[-1]) else Judgement(FARTHEST, whole=True)


def spoken_of(norm: Norm, inputs: Sequence[Input], lengths: Sequence[int], sources: Sequence[str]) -> NDArray[np.bool_]:
    """``[Σ lengths]``: of which rows of ``inputs``, one after the other, a ceiling or a floor speaks; ``lengths`` and
    ``sources`` are those of the inputs.

    Raises:
        ConfigError, InputError: as ``judge``.
    """
    rows = np.ones(sum(lengths), dtype=np.bool_)
    if norm.region is not None and inputs:
        rows &= _held(norm, norm.region, inputs)
    if norm.matches and inputs:
        rows &= np.repeat(_matched(norm, [(item,) for item in inputs], sources), lengths)
    return rows


def _judged(
    norm: Norm, questions: Sequence[tuple[Input, ...]], rewards: Sequence[tuple[Answer, ...]]
) -> list[Judgement]:
    """Wherever the region is, whatever the matchers say."""
    if norm.kind.pairs:
        return [_judge_pair(norm, question, answers) for question, answers in zip(questions, rewards, strict=True)]
    if norm.predicate is not None:
        predicate = norm.predicate
        return [
            _judge_by(norm, predicate, question, answers) for question, answers in zip(questions, rewards, strict=True)
        ]
    answers = [answer[-1] for answer in rewards]
    if not answers:
        return []
    lengths = np.array([len(answer) for answer in answers])
    flat = np.concatenate(answers).astype(np.float64)
    excess = flat - norm.threshold if norm.kind is NormKind.CEILING else norm.threshold - flat
    if norm.region is not None:
        excess = np.where(_held(norm, norm.region, [question[-1] for question in questions]), excess, -np.inf)
    if (lengths == 1).all():
        return [Judgement(value) if value > -math.inf else SILENT for value in excess.tolist()]
    return [_worst(part) for part in np.split(excess, np.cumsum(lengths)[:-1])]


def _matched(norm: Norm, questions: Sequence[tuple[Input, ...]], sources: Sequence[str]) -> NDArray[np.bool_]:
    """``[Q]``: of a pair of which both are judged, one is enough."""
    judged = [question[-1:] if norm.kind.bounds else question for question in questions]
    items = [conversation_of(item) for question in judged for item in question]
    lengths = [len(question) for question in judged]
    known = [source for source, length in zip(sources, lengths, strict=True) for _ in range(length)]
    matched = np.logical_and.reduce([matcher.matches(items, known) for matcher in norm.matches])
    return np.logical_or.reduceat(matched, np.cumsum([0, *lengths[:-1]]))


def _worst(excess: NDArray[np.float64]) -> Judgement:
    step = int(excess.argmax())
    return Judgement(float(excess[step]), step) if excess[step] > -math.inf else SILENT


def _judge_pair(norm: Norm, question: tuple[Input, ...], answers: tuple[Answer, ...]) -> Judgement:
    if len(question) != 2:
        raise ConfigError(
            f"norm {norm.id!r} compares an original with its edit, but was asked about one input",
            "probe families that make pairs",
            f"Mend norms.{norm.id}.families",
        )
    original, edited = (answer.astype(np.float64) for answer in answers)
    whole = len(original) != len(edited)
    if whole:
        original, edited = original.mean(keepdims=True), edited.mean(keepdims=True)
    change = edited - original
    match norm.kind:
        case NormKind.INVARIANCE:
            excess = np.abs(change) - norm.threshold
        case NormKind.AGREEMENT:  # the rejected answer stands where an edit would
            excess = change + norm.threshold
        case NormKind.DIRECTION if norm.raises:
            excess = norm.threshold - change
        case _:
            excess = change - norm.threshold
    return replace(_worst(excess), whole=whole)


def _judge_by(norm: Norm, predicate: Predicate, question: tuple[Input, ...], answers: tuple[Answer, ...]) -> Judgement:
    if not all_numbers([answers]):
        return SILENT  # as it could not compare them; ``judge_all`` says what they are
    try:
        excess = predicate.excess(question, answers)
    except ConfigError as error:
        todo = error.todo or f"Mend it, or norms.{norm.id}.function"
        raise ConfigError(f"norm {norm.id!r}: {error.wrong}", error.expected, todo) from error
    return SILENT if excess is None else Judgement(excess, whole=True)


def _held(norm: Norm, region: Measured | Observed, inputs: Sequence[Input]) -> NDArray[np.bool_]:
    """Whether each step of all inputs, one after the other, lies in the region."""
    if isinstance(region, Observed):
        raise ConfigError(
            f"norm {norm.id!r} has a region that was never measured", "measured_on(norms, demonstrations)"
        )
    tables = [item.observations for item in inputs if isinstance(item, Trajectory)]
    if len(tables) != len(inputs) or any(table.shape[1] != region.width for table in tables):
        raise InputError(
            f"norm {norm.id!r} has a region in {region.width} dimensions", "trajectories of that many observations"
        )
    return held(region, tables)
