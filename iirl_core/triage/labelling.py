"""Making a label: what a person may say of a finding, how far it spreads, and what may be taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from iirl_core.audit.finding import Finding
from iirl_core.errors import InputError
from iirl_core.norm.norm import Norm, NormKind
from iirl_core.signing import Label, Order
from iirl_core.triage.covering import distances
from iirl_core.triage.review import Review
from iirl_core.triage.said import Said

ROUNDING = 1e-6
"""Rewards are float32."""
DIGITS = 4
"""Of a confidence, as it is signed."""


def placed(review: Review, label: Label, *, spread: bool = True) -> Label:
    """``label`` as it is signed: checked against its finding, in its cluster, and with what it spreads to.

    Confidence falls linearly with the distance from the labelled finding, from 1 to 0 at the review's reach. It says
    how far away a label was given, and is no probability.

    Raises:
        InputError: there is no such finding, or the label contradicts itself: see ``check``.
    """
    finding = review.finding(label.finding)
    check(label, finding, review.norm(finding.norm))
    cluster = review.cluster_of(label.finding)
    reached = _reached(review, label.finding) if spread and label.word != "unsure" else ()
    return replace(label, cluster=cluster.id, spread=reached)


def _reached(review: Review, finding: str) -> tuple[tuple[str, float], ...]:
    others = [name for name in review.cluster_of(finding).findings if name != finding and name not in review.held]
    rows = review.places.rows[[review.number(name) for name in others]]
    away = distances(rows, review.places.rows[review.number(finding)].astype(np.float64))
    confidences = np.round(1 - away / review.reach, DIGITS).tolist()
    return tuple(sorted((name, value) for name, value in zip(others, confidences, strict=True) if value > 0))


def check(label: Label, finding: Finding, norm: Norm | None) -> None:
    """Refuse a label that says two things at once. ``norm`` is None where it is no more: then there is less to check.

    Raises:
        InputError: a right reward for a pair or a right order for a single input; a flaw whose right reward the norm
            forbids, or whose right order it has already; a threshold under which it would still be a finding.
    """
    pair = len(finding.inputs) > 1
    if label.reward is not None and pair:
        raise InputError(f"a right reward for {finding.id}, a pair", "the right order of its two")
    if label.order is not None and not pair:
        raise InputError(f"a right order for {finding.id}, a single input", "its right reward")
    if label.order is not None and label.order == _order(finding):
        raise InputError(f"{finding.id} is ordered so already ({label.order})", "another order, or 'not a flaw'")
    if norm is None:
        return
    if label.reward is not None and _forbidden(norm, label.reward):
        raise InputError(
            f"a right reward of {label.reward:g}, which {norm.id} forbids (threshold {norm.threshold:g})",
            "a reward that it allows, or 'not a flaw'",
        )
    if label.threshold is not None:
        _check_threshold(label.threshold, finding, norm)


def _order(finding: Finding) -> Order:
    original, edited = finding.rewards[0], finding.rewards[-1]
    if abs(original - edited) <= ROUNDING:
        return "equal"
    return "original" if original > edited else "edited"


def _forbidden(norm: Norm, reward: float) -> bool:
    if norm.kind is NormKind.CEILING:
        return reward > norm.threshold
    return norm.kind is NormKind.FLOOR and reward < norm.threshold


def _check_threshold(threshold: float, finding: Finding, norm: Norm) -> None:
    replace(norm, threshold=threshold)  # within the norm's own range
    if norm.kind in (NormKind.FLOOR, NormKind.AGREEMENT) or norm.raises:  # a lower threshold loosens it
        needed = norm.threshold - finding.excess
        short, expected = threshold > needed + ROUNDING, f"at most {needed:.4f}"
    elif norm.kind is not NormKind.PREDICATE:
        needed = norm.threshold + finding.excess
        short, expected = threshold < needed - ROUNDING, f"at least {needed:.4f}"
    else:
        return
    if short:
        raise InputError(f"{finding.id} would still break {norm.id} at a threshold of {threshold:g}", expected)


def check_undo(review: Review, names: Iterable[str], by: str) -> tuple[str, ...]:
    """The ids of what the key ``by`` takes back now, without what it took back before: labels, or ``LABEL/FINDING``,
    what spread from a label to one finding.

    Raises:
        InputError: there is no such label, it did not spread there, or somebody else gave it.
    """
    back = {one.id for one in review.withdrawn if one.by == by}
    wanted = dict.fromkeys(names)
    for name in wanted:
        source, _, finding = name.partition("/")
        said = review.label(source)
        if said.by != by:
            raise InputError(f"{source} is a label that {said.by[:12]} gave", "own ones; say otherwise with your own")
        if finding and finding not in dict(said.label.spread):
            raise InputError(f"{source} did not spread to {finding!r}", "a finding that it spread to")
    return tuple(name for name in wanted if name not in back)


def news(review: Review, labels: Iterable[Label], by: str) -> tuple[Label, ...]:
    """Those of ``labels`` that say anything new of this person: not what stands already, and no annotation that was
    imported before, whatever became of it.
    """
    standing = {one.label for one in review.standing if one.by == by}
    imported = {one.label.source for one in review.said if one.by == by and one.label.source}
    return tuple(label for label in labels if label not in standing and label.source not in imported)


def next_sequence(said: Iterable[Said], by: str) -> int:
    """Of a person's next statement about a round."""
    return 1 + max((one.sequence for one in said if one.by == by), default=-1)
