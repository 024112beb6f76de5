"""``iirl triage CONFIG``: findings → flaw, unsure; by the written policy, signed by the auditor.

audits/DIGEST/ROUND/places.safetensors    where the findings lie, for who lays them out for people
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from cluster.session import Session
from iirl_core.artifact import load_from
from iirl_core.audit import Audit, Finding, TriageLabel
from iirl_core.canonical import Digest, digest_bytes, digest_json
from iirl_core.config import Config
from iirl_core.log import Event, append
from iirl_core.release import audit_file, resolve
from iirl_core.signing import (
    KeyRole,
    Subject,
    TriagePredicate,
    Trust,
    load_private_key,
    sign_statement,
    store_statement,
)
from iirl_core.triage import places_of, triage
from jobs.console import Progress
from jobs.history import PLACES, history_of, labelled_before, latest_round, latest_triage
from jobs.outcome import Outcome

SHOWN = 5


def run(session: Session, config: Config, progress: Progress, reference: str | None = None) -> Outcome:
    """Label the findings of an artifact's newest audit, and keep where they lie, so that people can look at them.

    Raises:
        NotFound: it was never audited, or is gone.
        ConfigError: the auditor's key is missing.
    """
    store, trust = session.store, Trust.from_folder(Path(config.keys))
    digest = resolve(store, reference or config.name)
    past = latest_round(store, digest, trust)
    findings = past.findings()
    with progress.task(f"places of {len(findings):,} findings"):
        artifact = load_from(store, digest, trust_remote_code=config.trusts_remote_code)
        places = places_of(artifact.model, findings).to_bytes()
    store.put(audit_file(digest, past.audit.round, PLACES), places)
    labels = triage_round(session, config, past.audit, findings, files=((PLACES, digest_bytes(places)),))
    labels |= latest_round(store, digest, trust, config.review.confidence).labels
    say_unsure(findings, labels, progress)
    counts = Counter(labels.values())
    return Outcome(
        made=f"triaged round {past.audit.round} of {digest[:19]}: "
        + ", ".join(f"{counts[label]:,} {label.value}" for label in TriageLabel),
        where=f"{store.url}/statements/{digest.replace(':', '-')}",
        next=_next(counts),
    )


def _next(counts: Counter[TriageLabel]) -> str:
    if counts[TriageLabel.FLAW]:
        return "iirl patch CONFIG.yaml"
    return "iirl triage list CONFIG.yaml" if counts[TriageLabel.UNSURE] else "iirl release CONFIG.yaml"


def triage_round(
    session: Session,
    config: Config,
    audit: Audit,
    findings: Sequence[Finding],
    *,
    files: tuple[tuple[str, Digest], ...] = (),
) -> dict[str, TriageLabel]:
    """The policy's label of every finding, signed and logged once: what people said of the same question in an earlier
    round stands, all else is decided by ``config.triage``. ``files`` are those of the round that triage made.

    Raises:
        ConfigError: the auditor's key is missing.
        Tampered, Gated: a label of an earlier round does not hold.
    """
    store, keys = session.store, Path(config.keys)
    key, trust = load_private_key(keys, KeyRole.AUDITOR), Trust.from_folder(keys)
    earlier = [past for past in history_of(store, audit.digest, trust) if past.audit.round < audit.round]
    labels = {finding.id: triage(finding, config.triage) for finding in findings} | labelled_before(earlier, findings)
    policy = digest_json({"triage": config.triage}).replace("sha256:", "policy:", 1)
    pairs = tuple(sorted((name, label.value) for name, label in labels.items()))
    before = latest_triage(store, audit.digest, audit.round, trust)
    files = files or (before.files if before else ())
    if not labels or (before is not None and (before.policy, before.labels, before.files) == (policy, pairs, files)):
        return labels
    said = TriagePredicate(audit.round, policy, pairs, before.sequence + 1 if before else 0, files)
    counts = Counter(label.value for label in labels.values())
    details = (("round", str(audit.round)), *((name, str(count)) for name, count in counts.items()))
    append(store, Event("triage", audit.digest, config.name, key.id, details))
    store_statement(store, sign_statement(key, Subject(config.name, audit.digest), said))
    return labels


def say_unsure(findings: Sequence[Finding], labels: Mapping[str, TriageLabel], progress: Progress) -> None:
    """What stays unpatched is printed: a count for each norm, and the worst few."""
    unsure = [finding for finding in findings if labels[finding.id] is TriageLabel.UNSURE]
    for norm, count in Counter(finding.norm for finding in unsure).items():
        progress.say(f"  unsure, not patched: {count:,} findings of {norm}")
    for finding in unsure[:SHOWN]:
        progress.say(
            f"    {finding.id} {finding.norm} by {finding.family} ({finding.note}), excess {finding.excess:.3f}"
        )
