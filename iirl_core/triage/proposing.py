"""What people propose of norms: where they say that a norm is wrong, in their words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from iirl_core.triage.review import Review


@dataclass(frozen=True)
class NormChange:
    """``people`` (ids of keys) say of ``findings`` that ``norm`` is wrong, and ``because`` of what; they propose
    ``thresholds``.
    """

    norm: str
    people: tuple[str, ...]
    findings: tuple[str, ...]
    because: tuple[str, ...]
    thresholds: tuple[float, ...]


def norm_changes(review: Review) -> tuple[NormChange, ...]:
    """One a norm, from the words that stand; a norm is changed by its owner, in the configuration, never by a label."""
    words = [said for said in review.standing if said.label.word == "not a flaw"]
    norms = sorted({review.finding(said.label.finding).norm for said in words})
    changes = []
    for norm in norms:
        mine = [said for said in words if review.finding(said.label.finding).norm == norm]
        thresholds = sorted({said.label.threshold for said in mine if said.label.threshold is not None})
        changes.append(
            NormChange(
                norm,
                _each(said.by for said in mine),
                _each(said.label.finding for said in mine),
                _each(said.label.because for said in mine),
                tuple(thresholds),
            )
        )
    return tuple(changes)


def _each(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
