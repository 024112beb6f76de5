"""What a person decided about a suggested repair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from iirl_core.canonical import Digest, JsonValue
from iirl_core.signing.fields import Fields
from iirl_core.signing.keys import KeyRole

Decision = Literal["accept", "reject"]
DECISIONS: tuple[Decision, ...] = ("accept", "reject")


@dataclass(frozen=True)
class RepairPredicate:
    """The reviewer, as a person: the repair that was suggested after ``round`` of this digest's audit, the file of that
    ``suggestion``, may be sealed or not, because of ``reason`` ("": none was given).
    """

    round: int
    suggestion: Digest
    decision: Decision
    reason: str = ""

    kind: ClassVar[str] = "repair"
    signer: ClassVar[KeyRole] = KeyRole.REVIEWER

    def document(self) -> dict[str, JsonValue]:
        """As JSON."""
        return {
            "round": self.round,
            "suggestion": self.suggestion,
            "decision": self.decision,
            "reason": self.reason,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> RepairPredicate:
        """From JSON."""
        decision = fields.choice("decision", DECISIONS)
        return cls(fields.integer("round"), fields.digest("suggestion"), decision, fields.text("reason"))
