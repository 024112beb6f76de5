"""A label as it was signed: who said it, and as which of that person's words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from iirl_core.canonical import digest_json
from iirl_core.signing import Label, LabelPredicate, UndoPredicate, Verified


@dataclass(frozen=True)
class Said:
    """A ``label`` by the key ``by``; of what one person says of one finding the highest ``sequence`` counts."""

    id: str
    by: str
    sequence: int
    label: Label


@dataclass(frozen=True)
class Withdrawn:
    """What the key ``by`` took back: a label's ``id``, or ``LABEL/FINDING``, what spread from it to one finding."""

    id: str
    by: str


def said_in(statement: Verified[LabelPredicate]) -> tuple[Said, ...]:
    """The labels of one statement. A label's id is ``l-`` and 12 hexadecimal digits, from the statement and finding."""
    told = statement.predicate
    return tuple(
        Said("l-" + digest_json([statement.digest, label.finding])[7:19], statement.keyid, told.sequence, label)
        for label in told.labels
    )


def withdrawn_in(statement: Verified[UndoPredicate]) -> tuple[Withdrawn, ...]:
    """What one statement takes back."""
    return tuple(Withdrawn(name, statement.keyid) for name in statement.predicate.labels)


def standing(said: Iterable[Said], withdrawn: Iterable[Withdrawn]) -> list[Said]:
    """Each person's last word on each finding, of those that were not taken back by who said them; the word before
    stands again where the last one was. In the order of their sequences.
    """
    back = {(one.by, one.id) for one in withdrawn}
    last: dict[tuple[str, str], Said] = {}
    for one in sorted(said, key=lambda one: (one.sequence, one.id)):
        if (one.by, one.id) not in back:
            last[(one.by, one.label.finding)] = one
    return sorted(last.values(), key=lambda one: (one.sequence, one.id))
