"""When the log says that something was said: statements hold no time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iirl_core.canonical import Digest
from iirl_core.log import entries
from iirl_core.signing import (
    AuditPredicate,
    LabelPredicate,
    Predicate,
    RepairPredicate,
    SealPredicate,
    TriagePredicate,
    UndoPredicate,
)
from iirl_core.store.protocol import Store

OF_A_ROUND = ("audit", "triage", "label", "undo", "accept", "reject")
"""Events that are about one round of an artifact's audit."""


@dataclass(frozen=True)
class Times:
    """When the log says that something was said of an artifact; UTC, ISO 8601, "" where it says nothing."""

    events: Mapping[tuple[str, str], str]
    """By the event's kind and its round ("" where it has none)."""

    def of(self, statement: Predicate) -> str:
        """When a statement was made."""
        match statement:
            case SealPredicate():
                return self.sealed
            case AuditPredicate() | TriagePredicate() | LabelPredicate() | UndoPredicate():
                return self.events.get((statement.kind, str(statement.round)), "")
            case RepairPredicate():
                return self.events.get((statement.decision, str(statement.round)), "")
            case _:
                return self.events.get(("release", ""), "")

    @property
    def sealed(self) -> str:
        """When it was sealed: trained, repaired, or made to forget."""
        found = [time for (kind, _), time in self.events.items() if kind in ("seal", "patch", "forget")]
        return found[0] if found else ""


def times_of(store: Store, digest: Digest) -> Times:
    """From the log."""
    found = [entry for entry in entries(store) if entry.event.subject == digest]
    return Times(
        {
            (
                entry.event.kind,
                entry.event.detail("round") if entry.event.kind in OF_A_ROUND else "",
            ): entry.time
            for entry in found
        }
    )
