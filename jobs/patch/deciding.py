"""``iirl patch CONFIG --accept`` and ``--reject REASON``: what a person decides about a suggested repair."""

from __future__ import annotations

from pathlib import Path

from cluster.session import Session
from iirl_core.artifact import Artifact, load_from, seal_child
from iirl_core.artifact.model_digest import model_digest
from iirl_core.canonical import Digest, folder_of
from iirl_core.config import Config
from iirl_core.errors import ArtifactError
from iirl_core.log import Event, append_once
from iirl_core.release import resolve
from iirl_core.signing import (
    Decision,
    KeyRole,
    RepairPredicate,
    SigningKey,
    Subject,
    Trust,
    load_private_key,
    sign_statement,
    store_statement,
)
from iirl_core.store.protocol import Store
from jobs.console import Progress
from jobs.history import PastRound, latest_round
from jobs.key import refuse_keys_inside
from jobs.outcome import Outcome
from jobs.patch.claims import claims_of
from jobs.patch.repair import record_child, record_named
from jobs.patch.sealing import make_latest, sign_child
from jobs.patch.suggestion import Suggestion, open_suggestion


def accept(
    session: Session, config: Config, progress: Progress, reference: str | None = None, *, suggestion: str = ""
) -> Outcome:
    """Seal the repair that waits for a person (``suggestion``: its id, where several do), signed by that person. Where
    this was interrupted, doing it again finishes it; no other can be accepted or rejected until then.

    Raises:
        InputError: none waits, or several do.
        ArtifactError: the child breaks the known-good budget, or what waits was made for another model.
        ConfigError: the reviewer's or the builder's key is missing.
        NotFound, Tampered, Gated: the artifact, its audit, or what was suggested does not hold.
    """
    store = session.store
    person, chosen, past = _waiting(session, config, reference, suggestion, unfinished=True)
    builder = load_private_key(Path(config.keys), KeyRole.BUILDER)
    parent = load_from(store, chosen.parent, trust_remote_code=config.trusts_remote_code)
    _check_model(chosen, parent)
    with progress.task("sealing"):
        repairs = parent.model.repairs.joined(chosen.repairs)
        # Nobody signed the suggestion's file: what it claims is computed again, and the least of both is claimed.
        learnt = chosen.learnt.joined(claims_of(session, config, parent, [*chosen.repairs], past.findings()))
        child = seal_child(store, parent, repairs, learnt=learnt, human=True)
    _decided(store, config, person, chosen, "accept", child=child)
    sign_child(store, builder, config, child, parent=chosen.parent, round_=chosen.round, repairs=chosen.repairs)
    record_child(store, chosen.parent, chosen.round, child, repairs=chosen.repairs, trial=chosen.trial)
    make_latest(store, config, child)
    record_named(store, chosen.parent, chosen.round)
    return Outcome(
        made=f"accepted {chosen.id}: {chosen.parent[:19]} with {chosen.repairs} is {child[:19]}",
        where=f"{store.url}/artifacts/{folder_of(child)}",
        next="iirl audit CONFIG.yaml",
    )


def reject(
    session: Session,
    config: Config,
    progress: Progress,  # noqa: ARG001 - as every verb
    reference: str | None = None,
    *,
    reason: str,
    suggestion: str = "",
) -> Outcome:
    """Say no to the repair that waits; it stays on record, and is not chosen again after
    this round.

    Raises:
        InputError, ConfigError, NotFound, Tampered, Gated: as ``accept``.
    """
    person, chosen, _ = _waiting(session, config, reference, suggestion)
    where = _decided(session.store, config, person, chosen, "reject", reason=reason)
    return Outcome(
        made=f"rejected {chosen.id}: {chosen.repairs} for {chosen.parent[:19]}",
        where=f"{session.store.url}/{where}",
        next="iirl patch CONFIG.yaml tries what else there is",
    )


def _check_model(chosen: Suggestion, parent: Artifact) -> None:
    """Its numbers mean nothing in another encoder, whatever the shapes."""
    model = model_digest(parent.manifest)
    if chosen.model not in (None, model):
        raise ArtifactError(
            f"the suggestion {chosen.id} was made for another encoder or other weights, {chosen.model[:19]}",
            f"one for the model of {parent.digest[:19]}, {model[:19]}",
            "iirl patch CONFIG.yaml makes one",
        )


def _waiting(
    session: Session, config: Config, reference: str | None, named: str, *, unfinished: bool = False
) -> tuple[SigningKey, Suggestion, PastRound]:
    """The key of the person who decides, what about, and the round that it follows."""
    store, keys = session.store, Path(config.keys)
    refuse_keys_inside(store, keys)
    person, trust = load_private_key(keys, KeyRole.REVIEWER), Trust.from_folder(keys)
    latest = resolve(store, config.name)
    digest = resolve(store, reference) if reference else latest
    past = latest_round(store, digest, trust)
    waits = open_suggestion(store, digest, past.audit.round, trust, named, latest=latest, unfinished=unfinished)
    return person, waits, past


def _decided(
    store: Store,
    config: Config,
    key: SigningKey,
    chosen: Suggestion,
    decision: Decision,
    *,
    reason: str = "",
    child: Digest | None = None,
) -> str:
    """Sign and log; where the statement lies."""
    said = RepairPredicate(chosen.round, chosen.digest, decision, reason)
    details = [("round", str(chosen.round)), ("suggestion", chosen.id)]
    details += [("reason", reason)] if reason else []
    details += [("child", child)] if child else []
    append_once(store, Event(decision, chosen.parent, config.name, key.id, tuple(details)))
    return store_statement(store, sign_statement(key, Subject(config.name, chosen.parent), said))
