"""Moving a channel: statements, then the channel, then the log, in this order and each idempotent.

A process killed between two steps leaves either the old release or the new one in force, never half of one, and
running the same command again finishes: signatures are deterministic, so the statements have the same bytes; a channel
that already moved is seen; and a move that nobody logged is logged before anything else happens.
"""

from __future__ import annotations

from iirl_core.canonical import Digest, digest_bytes
from iirl_core.enforcement import Thresholds
from iirl_core.errors import Conflict, Gated, NotFound
from iirl_core.log import Event, append, entries_backwards
from iirl_core.release.decide import Decision, Facts, Gate, decide_release, decide_rollback
from iirl_core.release.dossier import read_dossier
from iirl_core.release.release import Release, channel_key, verify_release
from iirl_core.signing import (
    ApprovalPredicate,
    RevocationPredicate,
    SigningKey,
    Subject,
    Trust,
    Verified,
    sign_statement,
    statement_named,
    store_statement,
)
from iirl_core.store.absent import get_or_none
from iirl_core.store.protocol import Store


def read_channel(store: Store, name: str, channel: str, trust: Trust) -> Verified[Release] | None:
    """What the channel means now, verified; None where it was never moved.

    Raises:
        Tampered: the statement in the channel does not hold.
        Gated: no trusted approver signed it.
    """
    data = get_or_none(store, channel_key(name, channel))
    return None if data is None else verify_release(data, trust, name, channel)


def release(
    store: Store, facts: Facts, channel: str, *, thresholds: Thresholds, key: SigningKey, trust: Trust
) -> Verified[Release]:
    """Point ``channel`` of ``facts.wanted_name`` to ``facts.digest``. Releasing again what is released is a no-op.

    Raises:
        Gated: the gate is closed; the error gives every reason, and nothing was written.
        Conflict: somebody else moved the channel meanwhile.
    """
    current, _ = _settled(store, facts.wanted_name, channel, trust)
    now = current.predicate if current else None
    gate = decide_release(facts, read_dossier(store, facts.digest), trust, now, thresholds)
    audit = _opened(gate, f"{facts.wanted_name}@{channel} cannot be released as {facts.digest[:19]}")
    if current and gate.decision is Decision.ALREADY:
        return current
    back = _link(current, facts.digest)
    made = Release(
        name=facts.wanted_name,
        channel=channel,
        digest=facts.digest,
        audit=audit,
        approval=_approve(store, Subject(facts.wanted_name, facts.digest), channel, audit, key),
        approver=key.id,
        thresholds=thresholds,
        sequence=now.sequence + 1 if now else 1,
        previous=back[0],
        previous_release=back[1],
        rollback_of=None,
    )
    return _move(store, current, made, key, trust)


def rollback(store: Store, name: str, channel: str, key: SigningKey, trust: Trust) -> Verified[Release]:
    """Point the channel to the digest before the current one, under the thresholds it had then.

    Rolling back again goes one further back, not forth. A rollback that was killed before it was logged is finished
    instead of a second one begun.

    Raises:
        NotFound: the channel was never released.
        Gated: there is no release before, its digest is revoked, or its audit does not hold.
        Conflict: somebody else moved the channel meanwhile.
    """
    current, unfinished = _settled(store, name, channel, trust)
    if current is None:
        raise _never(name, channel)
    now = current.predicate
    if unfinished and now.rollback_of:
        return current
    back = None
    if now.previous and now.previous_release:
        stored = statement_named(store, now.previous, Release.kind, now.previous_release)
        back = verify_release(stored, trust, name, channel).predicate
    gate = decide_rollback(back, read_dossier(store, back.digest) if back else None, trust)
    audit = _opened(gate, f"{name}@{channel} cannot be rolled back")
    if back is None:
        raise Gated(f"{name}@{channel} cannot be rolled back: no release came before it")
    made = Release(
        name=name,
        channel=channel,
        digest=back.digest,
        audit=audit,
        approval=_approve(store, Subject(name, back.digest), channel, audit, key),
        approver=key.id,
        thresholds=back.thresholds,
        sequence=now.sequence + 1,
        previous=back.previous,
        previous_release=back.previous_release,
        rollback_of=current.digest,
    )
    return _move(store, current, made, key, trust)


def revoke(store: Store, subject: Subject, reason: str, key: SigningKey) -> None:
    """Forbid that a digest be released or rolled back to. A channel that means it now stays: roll it back."""
    data = sign_statement(key, subject, RevocationPredicate(reason))
    store_statement(store, data)
    details = (("reason", reason), ("statement", digest_bytes(data)))
    event = Event("revocation", subject.digest, subject.name, key.id, details)
    if not any(entry.event == event for entry in entries_backwards(store)):
        append(store, event)


def _link(current: Verified[Release] | None, digest: Digest) -> tuple[Digest | None, Digest | None]:
    """What a rollback of the new release returns to: the digest and statement of the last release of another digest."""
    if current is None:
        return None, None
    now = current.predicate
    return (now.previous, now.previous_release) if now.digest == digest else (now.digest, current.digest)


def _never(name: str, channel: str) -> NotFound:
    return NotFound(f"{name}@{channel} was never released", todo="Release it with: iirl release CONFIG.yaml")


def _opened(gate: Gate, what: str) -> Digest:
    if gate.decision is Decision.REFUSE or gate.audit is None:
        raise Gated(f"{what}: {'; '.join(gate.reasons)}")
    return gate.audit.digest


def _approve(store: Store, subject: Subject, channel: str, audit: Digest, key: SigningKey) -> Digest:
    data = sign_statement(key, subject, ApprovalPredicate(subject.name, channel, audit))
    store_statement(store, data)
    return digest_bytes(data)


def _move(
    store: Store, current: Verified[Release] | None, made: Release, key: SigningKey, trust: Trust
) -> Verified[Release]:
    data = sign_statement(key, Subject(made.name, made.digest), made)
    verified = verify_release(data, trust, made.name, made.channel)  # nobody should meet it who cannot believe it
    store_statement(store, data)
    where = channel_key(made.name, made.channel)
    before = statement_named(store, current.predicate.digest, Release.kind, current.digest) if current else None
    try:
        store.swap(where, before, data)
    except Conflict as error:
        raise Conflict(
            f"{made.name}@{made.channel} was moved by somebody else meanwhile", todo="Run it again"
        ) from error
    append(store, _event(verified))
    return verified


def _settled(store: Store, name: str, channel: str, trust: Trust) -> tuple[Verified[Release] | None, bool]:
    """The current release, and whether its log entry was missing and had to be written now."""
    current = read_channel(store, name, channel, trust)
    if current is None:
        return None, False
    event = _event(current)
    for entry in entries_backwards(store):
        if entry.event == event:
            return current, False
    append(store, event)
    return current, True


def _event(verified: Verified[Release]) -> Event:
    release = verified.predicate
    details = (
        ("channel", release.channel),
        ("sequence", str(release.sequence)),
        ("statement", verified.digest),
        ("audit", release.audit),
        ("approval", release.approval),
    )
    return Event(
        "rollback" if release.rollback_of else "release", release.digest, release.name, verified.keyid, details
    )
