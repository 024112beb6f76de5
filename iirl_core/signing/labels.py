"""What people say of findings: labels, and labels taken back. Signed by a reviewer, about the artifact's digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from iirl_core.canonical import JsonValue
from iirl_core.errors import InputError, Tampered
from iirl_core.signing.fields import Fields
from iirl_core.signing.keys import KeyRole

Word = Literal["flaw", "not a flaw", "unsure"]
WORDS: tuple[Word, ...] = ("flaw", "not a flaw", "unsure")
Order = Literal["original", "edited", "equal"]
"""Which input of a pair should earn more."""
ORDERS: tuple[Order, ...] = ("original", "edited", "equal")


@dataclass(frozen=True)
class Label:
    """A person's ``word`` on a ``finding``, and ``because`` of what.

    A flaw may come with the right ``reward`` in [0, 1] of its single input, or the right ``order`` of its pair. *Not a
    flaw* says that the norm is wrong here, in words, and may propose a ``threshold`` for it. ``cluster`` names the
    findings among which the label was given ("" where alone), and ``spread`` the others of them that it spread to, each
    with a confidence in (0, 1]. ``source`` names the annotation that it was imported from ("" where it was not).

    Raises:
        InputError: what comes with the word does not belong to it, or a number is out of its range.
    """

    finding: str
    word: Word
    because: str = ""
    reward: float | None = None
    order: Order | None = None
    threshold: float | None = None
    cluster: str = ""
    spread: tuple[tuple[str, float], ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        if self.word != "flaw" and (self.reward is not None or self.order is not None):
            raise InputError(f"a right reward or order with the label {self.word!r}", "one only with 'flaw'")
        if self.word != "not a flaw" and self.threshold is not None:
            raise InputError(f"a threshold with the label {self.word!r}", "one only with 'not a flaw'")
        if self.word == "not a flaw" and not self.because.strip():
            raise InputError("'not a flaw' without a reason", "why the norm is wrong here, in words")
        if self.word == "unsure" and self.spread:
            raise InputError("a label 'unsure' that spreads", "a decided one")
        if self.reward is not None and not 0 <= self.reward <= 1:
            raise InputError(f"a right reward of {self.reward}", "a number in [0, 1]")
        if self.threshold is not None and not -1 <= self.threshold <= 1:
            raise InputError(f"a threshold of {self.threshold}", "a number in [-1, 1]")
        if wrong := [confidence for _, confidence in self.spread if not 0 < confidence <= 1]:
            raise InputError(f"a label that spreads with confidence {wrong[0]}", "a number in (0, 1]")

    def document(self) -> dict[str, JsonValue]:
        """As JSON; what is not said is left out."""
        told: dict[str, JsonValue] = {
            "because": self.because,
            "reward": self.reward,
            "order": self.order,
            "threshold": self.threshold,
            "cluster": self.cluster,
            "spread": dict(self.spread),
            "source": self.source,
        }
        said: dict[str, JsonValue] = {"finding": self.finding, "label": self.word}
        return said | {name: value for name, value in told.items() if value not in ("", None, {})}

    @staticmethod
    def from_fields(fields: Fields) -> Label:
        """From JSON. Raises Tampered where it is not what ``document`` gives."""
        told: Mapping[str, JsonValue] = fields.document
        spread = fields.inner("spread") if "spread" in told else Fields(fields.what, {})
        try:
            return Label(
                fields.text("finding"),
                fields.choice("label", WORDS),
                fields.optional_text("because") or "",
                reward=fields.number("reward") if "reward" in told else None,
                order=fields.choice("order", ORDERS) if "order" in told else None,
                threshold=fields.number("threshold") if "threshold" in told else None,
                cluster=fields.optional_text("cluster") or "",
                spread=tuple((name, spread.number(name)) for name in sorted(spread.document)),
                source=fields.optional_text("source") or "",
            )
        except InputError as error:
            raise Tampered(f"a signed label that cannot be ({error.wrong})", error.expected) from error


@dataclass(frozen=True)
class LabelPredicate:
    """The reviewer, as a person: labels of findings of ``round``. Of one person's labels of a finding the one of the
    highest ``sequence`` (from 0 on, the person's own) counts.
    """

    round: int
    sequence: int
    labels: tuple[Label, ...]

    kind: ClassVar[str] = "label"
    signer: ClassVar[KeyRole] = KeyRole.REVIEWER

    def document(self) -> dict[str, JsonValue]:
        """As JSON."""
        labels: list[JsonValue] = [label.document() for label in self.labels]
        return {"round": self.round, "sequence": self.sequence, "labels": labels}

    @classmethod
    def from_fields(cls, fields: Fields) -> LabelPredicate:
        """From JSON."""
        labels = tuple(Label.from_fields(one) for one in fields.inners("labels"))
        return cls(fields.integer("round"), fields.integer("sequence"), labels)


@dataclass(frozen=True)
class UndoPredicate:
    """The reviewer takes own labels back: each of ``labels`` is the id of a label, or ``LABEL/FINDING``, what spread
    from that label to one finding. Nothing is deleted.
    """

    round: int
    labels: tuple[str, ...]
    because: str = ""

    kind: ClassVar[str] = "undo"
    signer: ClassVar[KeyRole] = KeyRole.REVIEWER

    def document(self) -> dict[str, JsonValue]:
        """As JSON."""
        return {"round": self.round, "labels": list(self.labels), "because": self.because}

    @classmethod
    def from_fields(cls, fields: Fields) -> UndoPredicate:
        """From JSON."""
        return cls(fields.integer("round"), fields.texts("labels"), fields.text("because"))
