"""What a round's repair came to, and the record of it.

audits/DIGEST/ROUND/repair.json keeps what was repaired, how the trials went, what was refused and why, what it cost
"""

from __future__ import annotations

from dataclasses import dataclass

from iirl_core.audit import Audit
from iirl_core.canonical import Digest, JsonValue, canonical_json
from iirl_core.errors import InputError, NotFound, Tampered
from iirl_core.patch import BudgetReport, Repairs
from iirl_core.release import audit_file
from iirl_core.repair import Approval, Decided, Offer, Plan, Trial
from iirl_core.signing import Fields
from iirl_core.store.protocol import Store

REPAIR = "repair.json"


NOTHING = Decided(Approval.NOTHING)


@dataclass(frozen=True)
class Repair:
    """``child`` is the repaired artifact, None where nothing was sealed; ``budget`` is measured on the guard set with
    all the child's repairs, or with those that are suggested; where nothing is, or a person chooses among candidates,
    with the parent's alone. ``decided`` says what the policy makes of the plan;
    ``suggestions`` are the ids of what waits for a person: the plan's repair, or each of its open candidates.
    """

    child: Digest | None
    plan: Plan
    budget: BudgetReport
    decided: Decided = NOTHING
    suggestions: tuple[str, ...] = ()

    @property
    def waiting(self) -> str:
        """What waits for a person, by its ids; "" where nothing does."""
        waits = [offer.repairs for offer in self.plan.open] or [self.plan.repairs]
        return " or ".join(f"{name}, {repairs}" for name, repairs in zip(self.suggestions, waits, strict=False))

    @property
    def following(self) -> str:
        """The command with which a person decides."""
        which = "--suggestion ID " if self.plan.open else ""
        return f"iirl patch CONFIG.yaml {which}--accept, or {which}--reject REASON"

    @property
    def trial(self) -> Trial | None:
        """The plan's."""
        return self.plan.trial

    def document(self) -> dict[str, JsonValue]:
        """As JSON."""
        return {
            "child": self.child,
            **_by_kind(self.plan.repairs),
            "refused": [{"finding": one.finding, "reason": one.reason} for one in self.plan.refused],
            "postponed": self.plan.postponed,
            "approval": self.decided.approval.value,
            "left_to_a_person_because": list(self.decided.reasons),
            "suggestions": list(self.suggestions),
            "budget": _budget(self.budget.budget, self.budget.guarded, self.budget.overdrawn, self.budget.least),
            "trial": None if self.trial is None else self.trial.document(),
            "considered": [_considered(offer, offer in self.plan.chosen) for offer in self.plan.considered],
        }


def _by_kind(repairs: Repairs) -> dict[str, JsonValue]:
    """Their ids."""
    return {
        "patches": [one.id for one in repairs.patches],
        "projections": [one.id for one in repairs.projections],
        "sculpts": [one.id for one in repairs.sculpts],
        "edits": [one.id for one in repairs.edits],
    }


def _budget(allowed: float, guarded: int, overdrawn: int, least: float) -> JsonValue:
    return {"allowed": allowed, "guarded": guarded, "overdrawn": overdrawn, "least_kept": least}


def _considered(offer: Offer, chosen: bool) -> JsonValue:
    return {
        "kind": offer.kind,
        "chosen": chosen,
        "repairs": [one.id for one in offer.repairs],
        "size": offer.size,
        "trial": offer.trial.document(),
    }


def keep_record(store: Store, audit: Audit, repair: Repair) -> None:
    """What was decided stays on record, also where nothing could be repaired."""
    store.put(audit_file(audit.digest, audit.round, REPAIR), canonical_json(repair.document()))


def record_child(
    store: Store, digest: Digest, round_: int, child: Digest, *, repairs: Repairs, trial: JsonValue
) -> None:
    """A person accepted ``repairs`` of those that the record of ``digest``'s round tells of: they came to ``child``,
    which no name means yet. From now on the record's trial and budget are those that were suggested with them.

    Raises:
        Tampered: the trial is none, or the record was changed.
    """
    key, fields = audit_file(digest, round_, REPAIR), _recorded(store, digest, round_)
    record = dict(fields.document)
    kept = Fields.of("a suggested repair: trial", trial).inner("budget")
    budget = _budget(kept.number("budget"), kept.integer("guarded"), kept.integer("overdrawn"), kept.number("least"))
    accepted = {**_by_kind(repairs), "trial": trial, "budget": budget}
    if {**record, **accepted} != record:  # else they were the plan's, which says of which candidates they are made
        names = repairs.ids
        record["considered"] = [
            {**one.document, "chosen": one.document.get("trial") == trial and {*one.texts("repairs")} == names}
            for one in fields.inners("considered")
        ]
    store.put(key, canonical_json({**record, **accepted, "child": child, "named": False}))


def record_named(store: Store, digest: Digest, round_: int) -> None:
    """The configuration's name means the child on record: accepting it is over, whatever the name means later."""
    record = _recorded(store, digest, round_).document
    store.put(audit_file(digest, round_, REPAIR), canonical_json({**record, "named": True}))


def _recorded(store: Store, digest: Digest, round_: int) -> Fields:
    """The record of a round's repair.

    Raises:
        NotFound: there is none.
        Tampered: it is none that ``keep_record`` wrote.
    """
    fields = Fields.parse(REPAIR, store.get(audit_file(digest, round_, REPAIR)))
    fields.optional_digest("child")
    if not {"child", "considered"} <= set(fields.document):
        raise Tampered(
            f"{REPAIR} of round {round_} of {digest[:19]} was changed", todo="iirl patch CONFIG.yaml makes it anew"
        )
    return fields


@dataclass(frozen=True)
class Came:
    """What the repair of a round came to: its ``child``, None where it has come to nothing yet; whether the
    configuration's name was made to mean it (``named``), None where nobody wrote that down.
    """

    child: str | None
    named: bool | None

    def over(self, digest: Digest, latest: Digest) -> bool:
        """Whether nothing is left to do for the child of ``digest``, where the name means ``latest`` now."""
        if self.child is None or latest == self.child:
            return self.child is not None
        return digest != latest if self.named is None else self.named


def on_record(store: Store, digest: Digest, round_: int) -> Came:
    """What the repair of a round came to.

    Raises:
        InputError: none was tried, or it was interrupted before its record was written.
        Tampered: its record was changed.
    """
    try:
        said = _recorded(store, digest, round_)
    except NotFound as error:
        where = f"round {round_} of {digest[:19]}"
        raise InputError(f"no repair was tried after {where}", todo="iirl patch CONFIG.yaml tries some") from error
    return Came(said.optional_digest("child"), said.flag("named") if "named" in said.document else None)
