"""``iirl triage label CONFIG`` and ``iirl triage undo CONFIG``: what a person says, signed with a key of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cluster.session import Session
from iirl_core.canonical import digest_bytes, folder_of
from iirl_core.config import Config
from iirl_core.log import Event, append_once
from iirl_core.signing import (
    KeyRole,
    Label,
    LabelPredicate,
    Order,
    SigningKey,
    Subject,
    UndoPredicate,
    Word,
    load_private_key,
    sign_statement,
    store_statement,
)
from iirl_core.triage import check_undo, news, next_sequence, placed
from jobs.history import latest_round
from jobs.key import refuse_keys_inside
from jobs.outcome import Outcome
from jobs.triage.opening import Opened, open_review
from jobs.triage.showing import named

WORDS: dict[str, Word] = {"flaw": "flaw", "not-a-flaw": "not a flaw", "unsure": "unsure"}


def label(
    session: Session,
    config: Config,
    reference: str | None = None,
    *,
    on: Sequence[str],
    word: str,
    reward: float | None = None,
    order: Order | None = None,
    threshold: float | None = None,
    because: str = "",
    alone: bool = False,
) -> Outcome:
    """Label findings, or the representatives of clusters.

    Raises:
        InputError: there is no such finding, or the label contradicts itself.
        ConfigError: the reviewer's key is missing.
        NotFound, Tampered, Gated: as ``open_review``.
    """
    key, opened = reviewer(session, config), open_review(session, config, reference)
    findings = dict.fromkeys(finding for name in on for finding in named(opened, name))
    said = [Label(finding, WORDS[word], because, reward, order, threshold) for finding in findings]
    labels = news(opened.review, [placed(opened.review, one, spread=not alone) for one in said], key.id)
    return keep_labels(session, config, opened, key, labels)


def undo(
    session: Session,
    config: Config,
    reference: str | None = None,
    *,
    on: Sequence[str],
    because: str = "",
) -> Outcome:
    """Take own labels back, with all that spread from them; or, named LABEL/FINDING, only what spread to one finding.

    Raises:
        InputError: there is no such label, or somebody else gave it.
        ConfigError: the reviewer's key is missing.
        NotFound, Tampered, Gated: as ``open_review``.
    """
    key, opened = reviewer(session, config), open_review(session, config, reference)
    names = check_undo(opened.review, on, key.id)
    past = opened.past
    if not names:
        return Outcome("took back nothing: it was taken back before", next="iirl triage list CONFIG.yaml")
    said = UndoPredicate(past.audit.round, names, because)
    statement = sign_statement(key, Subject(config.name, past.digest), said)
    details = (("round", str(past.audit.round)), ("labels", " ".join(names)), ("statement", digest_bytes(statement)))
    append_once(session.store, Event("undo", past.digest, config.name, key.id, details))
    where = store_statement(session.store, statement)
    return Outcome(f"took back {', '.join(names)}", f"{session.store.url}/{where}", "iirl triage list CONFIG.yaml")


def reviewer(session: Session, config: Config) -> SigningKey:
    """The key of the person who speaks.

    Raises:
        ConfigError: it is missing, lies open, or lies inside the store.
    """
    keys = Path(config.keys)
    refuse_keys_inside(session.store, keys)
    return load_private_key(keys, KeyRole.REVIEWER)


def keep_labels(
    session: Session, config: Config, opened: Opened, key: SigningKey, labels: Sequence[Label], *, known: int = 0
) -> Outcome:
    """Sign, log and keep what a person says now; ``known`` labels were there already."""
    there = f" ({known} were there already)" if known else ""
    if not labels:
        return Outcome(f"nothing new was said{there}", next="iirl triage list CONFIG.yaml")
    store, past = session.store, opened.past
    said = LabelPredicate(past.audit.round, next_sequence(opened.review.said, key.id), tuple(labels))
    statement = sign_statement(key, Subject(config.name, past.digest), said)
    details = (("round", str(past.audit.round)), ("labels", str(len(labels))), ("statement", digest_bytes(statement)))
    append_once(store, Event("label", past.digest, config.name, key.id, details))
    store_statement(store, statement)
    heard = latest_round(store, past.digest, opened.trust, config.review.confidence)
    after = replace(opened.review, said=heard.said, withdrawn=heard.withdrawn)
    mine = {one.label.finding for one in after.said if one.by == key.id and one.sequence == said.sequence}
    reached = [one for one in after.settled.values() if not one.direct]
    counting = sum(one.confidence >= config.review.confidence for one in reached)
    disputed = sum(after.settled[name].disputed for name in mine)
    return Outcome(
        made=f"labelled {len(labels)} findings{there}; people's labels spread to {len(reached)} others in this round, "
        f"{counting} of them count" + (f"; {disputed} disputed: another person is asked" if disputed else ""),
        where=f"{store.url}/statements/{folder_of(past.digest)}",
        next="iirl triage list CONFIG.yaml, then iirl patch CONFIG.yaml",
    )
