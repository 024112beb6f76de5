"""Suggestions: repairs that wait for a person, with all that they are made of.

    audits/DIGEST/ROUND/suggestions/ID.json    the repair, its trial, and why it waits; never changed, never deleted

A person's decision is a signed statement about the artifact that names the file's digest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from iirl_core.artifact import Mode, Provenance, Supervision
from iirl_core.artifact.repair_files import repairs_document, repairs_from
from iirl_core.canonical import Digest, JsonValue, canonical_json, digest_bytes
from iirl_core.errors import InputError, Tampered
from iirl_core.patch import Repairs
from iirl_core.release import audit_file
from iirl_core.signing import Fields, RepairPredicate, Trust, statements_of, verify_envelope
from iirl_core.store.protocol import Store
from jobs.patch.repair import on_record

FOLDER = "suggestions"


@dataclass(frozen=True)
class Suggestion:
    """``repairs`` to add to ``parent`` after ``round`` of its audit; ``learnt`` is what can be claimed of them;
    ``trial`` how they did, for readers; ``reasons`` why nobody sealed them; ``model`` the digest of the parent's model,
    which they were made for (None: it was not kept then).
    """

    parent: Digest
    round: int
    repairs: Repairs
    learnt: Provenance
    reasons: tuple[str, ...]
    trial: JsonValue
    model: Digest | None = None

    def to_bytes(self) -> bytes:
        """Canonical JSON."""
        return canonical_json(
            {
                "parent": self.parent,
                "round": self.round,
                "repairs": repairs_document(self.repairs),
                "mode": self.learnt.mode.value,
                "supervision": self.learnt.supervision.value,
                "reasons": list(self.reasons),
                "trial": self.trial,
                **({} if self.model is None else {"model": self.model}),
            }
        )

    @property
    def digest(self) -> Digest:
        """Of its file."""
        return digest_bytes(self.to_bytes())

    @property
    def id(self) -> str:
        """``r-`` and 12 hexadecimal digits of the file's digest."""
        return f"r-{self.digest[7:19]}"

    @classmethod
    def parse(cls, data: bytes) -> Suggestion:
        """The inverse of ``to_bytes``.

        Raises:
            Tampered, ArtifactError: it is none.
        """
        fields = Fields.parse("a suggested repair", data)
        try:
            claims = Provenance(Mode(fields.text("mode")), Supervision(fields.text("supervision")))
        except ValueError as error:
            raise Tampered(f"a suggested repair: {error}") from error
        return cls(
            parent=fields.digest("parent"),
            round=fields.integer("round"),
            repairs=repairs_from(fields.inner("repairs")),
            learnt=claims,
            reasons=fields.texts("reasons"),
            trial=json.loads(data)["trial"],
            model=fields.digest("model") if "model" in fields.document else None,
        )


def keep_suggestion(store: Store, suggestion: Suggestion) -> str:
    """Write it; where it lies."""
    key = audit_file(suggestion.parent, suggestion.round, f"{FOLDER}/{suggestion.id}.json")
    store.put(key, suggestion.to_bytes())
    return key


def suggestions_of(store: Store, digest: Digest, round_: int) -> tuple[Suggestion, ...]:
    """All that were ever made after a round, decided or not.

    Raises:
        Tampered: one was changed, or was made for another artifact or round.
    """
    found = []
    for key in sorted(store.list(audit_file(digest, round_, f"{FOLDER}/"))):
        suggestion = Suggestion.parse(store.get(key))
        if not key.endswith(f"/{suggestion.id}.json"):
            raise Tampered(f"{key} was changed", f"the suggestion {suggestion.id}")
        if (suggestion.parent, suggestion.round) != (digest, round_):
            raise Tampered(
                f"the suggestion {suggestion.id} was made for round {suggestion.round} of {suggestion.parent[:19]}",
                f"one for round {round_} of {digest[:19]}",
                f"Remove {key}, then run: iirl patch CONFIG.yaml",
            )
        found.append(suggestion)
    return tuple(found)


def decisions_of(store: Store, digest: Digest, trust: Trust) -> Mapping[Digest, RepairPredicate]:
    """What people decided about suggestions for an artifact, by the digest of the suggestion's file; where two people
    decided otherwise, it is rejected.

    Raises:
        Tampered, Gated: a decision does not hold, or is signed by a strange key.
    """
    said = [
        verify_envelope(data, trust, RepairPredicate, digest).predicate
        for data in statements_of(store, digest, RepairPredicate.kind)
    ]
    return {one.suggestion: one for one in sorted(said, key=lambda one: one.decision == "reject")}


def rejected_repairs(store: Store, digest: Digest, round_: int, trust: Trust) -> frozenset[str]:
    """The ids of all repairs of suggestions that a person rejected.

    Raises:
        Tampered, Gated: a suggestion or a decision does not hold.
    """
    decided = decisions_of(store, digest, trust)
    no = {digest for digest, one in decided.items() if one.decision == "reject"}
    return frozenset[str]().union(
        *(one.repairs.ids for one in suggestions_of(store, digest, round_) if one.digest in no)
    )


def open_suggestion(
    store: Store,
    digest: Digest,
    round_: int,
    trust: Trust,
    named: str = "",
    *,
    latest: Digest,
    unfinished: bool = False,
) -> Suggestion:
    """The suggestion that waits; ``named`` by its id where several do. One whose very repairs a person rejected, when
    they were suggested for other reasons, waits no more. None does once the round's repair has a child on
    record, or one was accepted: a round has one child. ``unfinished``: then that one does, where accepting it was
    interrupted before the configuration's name, which means ``latest`` now, was made to mean the child.

    Raises:
        InputError: none does, or several do and none is named.
        Tampered, Gated: a suggestion or a decision does not hold.
    """
    decided = decisions_of(store, digest, trust)
    came = on_record(store, digest, round_)
    closed = came.over(digest, latest) if unfinished else came.child is not None
    kept = () if closed else suggestions_of(store, digest, round_)
    accepted = [one for one in kept if one.digest in decided and decided[one.digest].decision == "accept"]
    rejected = [one.repairs.ids for one in kept if one.digest in decided and decided[one.digest].decision == "reject"]
    undecided = [one for one in kept if one.digest not in decided and one.repairs.ids not in rejected]
    waiting = {one.id: one for one in (undecided if not accepted else accepted if unfinished else ())}
    if named in waiting:
        return waiting[named]
    if len(waiting) != 1 or named:
        which = f"there is no open suggestion {named}" if named else f"{len(waiting)} suggestions are open"
        names = f": {', '.join(waiting)}" if waiting else ""
        todo = "iirl patch CONFIG.yaml" + (" --accept (or --reject REASON) --suggestion ID" if waiting else "")
        todo = f"iirl patch CONFIG.yaml --accept finishes {accepted[0].id}" if accepted else todo
        raise InputError(f"{which} after round {round_} of {digest[:19]}", f"one{names}", todo)
    return next(iter(waiting.values()))
