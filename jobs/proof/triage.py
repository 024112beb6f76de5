"""What the triage policy and people said of findings, and of repairs: who signed it, and whether all of it is there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from iirl_core.canonical import Digest
from iirl_core.log import entries
from iirl_core.release import audit_file
from iirl_core.signing import (
    LabelPredicate,
    RepairPredicate,
    TriagePredicate,
    Trust,
    UndoPredicate,
    statement_named,
    statements_of,
)
from iirl_core.store import Store
from jobs.proof.check import Check, ask, signature_of, signed_by
from jobs.proof.stored import digest_of_stored

ByPerson = LabelPredicate | UndoPredicate | RepairPredicate
"""What people say, each with a key of its own."""


def triage_of(store: Store, digest: Digest, trust: Trust) -> Iterator[Check]:
    """What the policy, and what people said of findings: each by keys of that role; and what the policy's last word on
    a round was about.
    """
    last: dict[int, TriagePredicate] = {}
    for data in statements_of(store, digest, TriagePredicate.kind):
        triage = signature_of(data, trust, TriagePredicate, digest)
        yield Check("triage", signed_by(triage.found), triage.problem)
        if triage.found:
            said = triage.found.predicate
            last[said.round] = max(said, last.get(said.round, said), key=lambda one: one.sequence)
    for said in last.values():
        for name, told in said.files:
            found = digest_of_stored(store, audit_file(digest, said.round, name))
            problem = "" if found == told else f"it {f'has digest {found[:19]}' if found else 'is missing'}, not {told}"
            yield Check(f"file {name} of triage round {said.round}", told[:19], problem)
    said_by_people: tuple[tuple[type[ByPerson], str], ...] = (
        (LabelPredicate, "labels of a person"),
        (UndoPredicate, "labels taken back"),
        (RepairPredicate, "decision about a repair"),
    )
    for kind, name in said_by_people:
        for data in statements_of(store, digest, kind.kind):
            yield Check(name, *_by(data, trust, kind, digest))
    yield from _unsaid(store, digest)


def _unsaid(store: Store, digest: Digest) -> Iterator[Check]:
    """What a person said by the log, and no statement says any more: a label that is deleted counts no longer. A log
    that cannot be read is told of by itself.
    """
    for event in ask(lambda: [entry.event for entry in entries(store)]).found or []:
        kind, named = event.kind, event.detail("statement")
        if event.subject == digest and kind in (LabelPredicate.kind, UndoPredicate.kind) and named:
            problem = ask(partial(statement_named, store, digest, kind, Digest(named))).problem
            if problem:
                todo = "It was deleted or changed, or saying it was interrupted: say it again with iirl triage"
                yield Check(f"{kind} in the log", problem=f"{problem} {todo}.")


def _by(data: bytes, trust: Trust, kind: type[ByPerson], digest: Digest) -> tuple[str, str]:
    """Who signed, and the problem."""
    signed = signature_of(data, trust, kind, digest)
    return signed_by(signed.found), signed.problem
