"""``iirl triage``: findings → flaw, not a flaw, unsure; by the written policy, signed by the auditor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cluster.session import Session
from iirl_core.audit import Audit, Finding, TriageLabel
from iirl_core.canonical import digest_json
from iirl_core.config import Config
from iirl_core.log import Event, append
from iirl_core.release import resolve
from iirl_core.signing import (
    KeyRole,
    Subject,
    TriagePredicate,
    Trust,
    load_private_key,
    sign_statement,
    store_statement,
)
from iirl_core.triage import triage
from jobs.console import Progress
from jobs.history import latest_round, latest_triage
from jobs.outcome import Outcome

SHOWN = 5


def run(session: Session, config: Config, progress: Progress, reference: str | None = None) -> Outcome:
    """Label the findings of an artifact's newest audit.

    Raises:
        NotFound: it was never audited.
        ConfigError: the auditor's key is missing.
    """
    digest = resolve(session.store, reference or config.name)
    past = latest_round(session.store, digest, Trust.from_folder(Path(config.keys)))
    findings = past.findings()
    labels = triage_round(session, config, past.audit, findings)
    say_unsure(findings, labels, progress)
    counts = Counter(labels.values())
    return Outcome(
        made=f"triaged round {past.audit.round} of {digest[:19]}: "
        + ", ".join(f"{counts[label]:,} {label.value}" for label in TriageLabel),
        where=f"{session.store.url}/statements/{digest.replace(':', '-')}",
        next="iirl patch CONFIG.yaml" if counts[TriageLabel.FLAW] else "iirl release CONFIG.yaml",
    )


def triage_round(session: Session, config: Config, audit: Audit, findings: Sequence[Finding]) -> dict[str, TriageLabel]:
    """The policy's label of every finding, signed and logged once.

    Raises:
        ConfigError: the auditor's key is missing.
    """
    store, keys = session.store, Path(config.keys)
    labels = {finding.id: triage(finding, config.triage) for finding in findings}
    key = load_private_key(keys, KeyRole.AUDITOR)
    policy = digest_json({"triage": config.triage}).replace("sha256:", "policy:", 1)
    pairs = tuple(sorted((name, label.value) for name, label in labels.items()))
    before = latest_triage(store, audit.digest, audit.round, Trust.from_folder(keys))
    if not labels or (before is not None and (before.policy, before.labels) == (policy, pairs)):
        return labels
    said = TriagePredicate(audit.round, policy, pairs, before.sequence + 1 if before else 0)
    counts = Counter(label.value for label in labels.values())
    details = (("round", str(audit.round)), *((name, str(count)) for name, count in counts.items()))
    append(store, Event("triage", audit.digest, config.name, key.id, details))
    store_statement(store, sign_statement(key, Subject(config.name, audit.digest), said))
    return labels


def say_unsure(findings: Sequence[Finding], labels: dict[str, TriageLabel], progress: Progress) -> None:
    """What stays unpatched is printed: a count for each norm, and the worst few."""
    unsure = [finding for finding in findings if labels[finding.id] is TriageLabel.UNSURE]
    for norm, count in Counter(finding.norm for finding in unsure).items():
        progress.say(f"  unsure, not patched: {count:,} findings of {norm}")
    for finding in unsure[:SHOWN]:
        progress.say(
            f"    {finding.id} {finding.norm} by {finding.family} ({finding.note}), excess {finding.excess:.3f}"
        )
