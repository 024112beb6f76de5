"""One round of audit: ask and verify, count, decide, sign.

    audits/DIGEST/ROUND/{audit.json, findings.parquet, coverage.safetensors, parts-…/}, and the auditor's statement

The statement is written last: a round without one never happened, and running the command again goes on with the parts
that are there, with the same seeds and therefore to the same findings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import ray

from cluster.session import Session
from iirl_core.artifact import load_from
from iirl_core.audit import Audit, ChunkResult, Coverage, Finding, movements, twinned
from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.errors import ConfigError, InputError
from iirl_core.norm import norms_of
from iirl_core.probe import FAMILIES
from iirl_core.release import audit_file, resolve
from iirl_core.signing import (
    KeyRole,
    Trust,
    load_private_key,
)
from jobs.audit.conclusion import Told, conclude, keep
from jobs.audit.fanning import audit_chunks
from jobs.audit.material import gather_material
from jobs.audit.parts import Parts
from jobs.audit.plan import chunks_of, plan_of
from jobs.audit.scorers import ScorerPool
from jobs.console import Progress
from jobs.history import history_of
from jobs.outcome import Outcome

SHOWN = 5


@dataclass(frozen=True)
class AuditRound:
    """The signed audit of one round, and its verified findings (at most ``audit.keep_findings``), worst first."""

    audit: Audit
    findings: tuple[Finding, ...]


def run(
    session: Session, config: Config, progress: Progress, reference: str | None = None, *, resume: bool = False
) -> Outcome:
    """Audit one artifact (default: the latest) once. An audit that was interrupted is gone on with; ``resume`` insists
    on that.

    Raises:
        ConfigError: there are no norms, a family is unknown or of the other kind, the auditor's key is missing, or
            there is nothing to resume.
        NotFound: there is no such artifact or corpus.
    """
    digest = resolve(session.store, reference or config.name)
    check_families(config)
    with ScorerPool(session, config.audit) as scorers:
        audited = audit_round(session, config, progress, scorers, digest, resume=resume)
    say_findings(audited.findings, progress)
    audit = audited.audit
    return Outcome(
        made=f"audited {digest[:19]}, round {audit.round}: {audit.findings:,} findings in {audit.probes:,} probes, "
        + ("passed" if audit.verdict.passed else "; ".join(audit.verdict.reasons)),
        where=f"{session.store.url}/{audit_file(digest, audit.round, 'audit.json')}",
        next="iirl release CONFIG.yaml" if audit.verdict.passed else "iirl triage CONFIG.yaml",
        passed=audit.verdict.passed,
    )


def check_families(config: Config) -> None:
    """Refuse what would only fail after the scorers have started.

    Raises:
        ConfigError: there are no norms, they cannot be read or contradict each other, a family is unknown or asks about
            the other kind of input, or one that is held out asks nothing.
    """
    if not config.norms:
        raise ConfigError("norms: there are none", "at least one, or an audit has nothing to check")
    kind = "conversation" if config.encoder.kind == "text" else "trajectory"
    for name in config.audit.probes:
        if name not in FAMILIES:
            raise ConfigError(f"audit.probes: there is no family {name!r}", f"one of {', '.join(FAMILIES)}")
        if FAMILIES[name].kind not in (kind, "any"):
            raise ConfigError(f"audit.probes: {name} asks about {FAMILIES[name].kind}s, not {kind}s")
    for name in config.audit.held_out:
        if name not in config.audit.probes:
            raise ConfigError(f"audit.held_out: {name} asks nothing", f"one of {', '.join(config.audit.probes)}")
    norms_of(config)


def audit_round(
    session: Session, config: Config, progress: Progress, scorers: ScorerPool, digest: Digest, *, resume: bool = False
) -> AuditRound:
    """Ask every family its budget and every former finding again; verify, decide, sign and keep the round.

    Raises:
        ConfigError: the auditor's key is missing, or there is nothing to ``resume``.
        Tampered, Gated: the artifact, or a former audit, does not hold.
    """
    store, keys = session.store, Path(config.keys)
    key, trust = load_private_key(keys, KeyRole.AUDITOR), Trust.from_folder(keys)
    history = history_of(store, digest, trust)
    round_ = 1 + max((past.audit.round for past in history), default=0)
    artifact = load_from(store, digest, trust_remote_code=config.trusts_remote_code)
    norms, material = gather_material(store, config, artifact, norms_of(config), history)
    assignment = scorers.assign(digest, norms, material, trust_remote_code=config.trusts_remote_code)
    chunks = tuple(chunks_of(config, digest, round_, len(material.former)))
    plan = plan_of(chunks, norms, material, config.audit.coverage_points)
    parts = Parts(store, digest, round_, plan, chunks, config.audit.coverage_points)
    if resume and not parts.there():
        raise ConfigError(
            f"--resume: round {round_} of {digest[:19]} has no parts of such an audit", "one that was interrupted"
        )
    merged, files = _asked(parts, scorers, assignment, config, progress)
    coverage = Coverage.fit(artifact.model.spaces.bottleneck, merged.reservoir)
    audit, written = conclude(
        Told(merged, coverage, files, movements(artifact.model, material.inputs)), config.seed, norms, digest, round_
    )
    keep(session.store, key, config.name, audit, written)
    return AuditRound(audit, merged.findings)


def _asked(
    parts: Parts, scorers: ScorerPool, assignment: ray.ObjectRef, config: Config, progress: Progress
) -> tuple[ChunkResult, tuple[tuple[str, Digest], ...]]:
    """All parts, merged as they come, and their files: memory holds a few parts and the kept findings, never all."""
    section = config.audit
    if not parts.chunks:
        raise InputError("an audit that asks nothing", "audit.probes with a budget above 0")
    if done := parts.there():
        progress.say(f"  {len(done)} of {parts.count} parts of this audit are there already")
    merged: ChunkResult | None = None
    files = {}
    with progress.task("audit", sum(chunk.count for chunk in parts.chunks)) as advance:
        for number, digest, part in parts.results(lambda chunks: audit_chunks(scorers, assignment, chunks)):
            files[parts.name(number)] = digest
            several = [part] if merged is None else [merged, part]
            merged = ChunkResult.merge(several, section.keep_findings, section.coverage_points)
            advance(part.asked)
    if merged is None or merged.asked == 0:
        raise InputError("an audit whose families had nothing to ask", "a probe corpus, or other families")
    return replace(merged, findings=twinned(merged.findings)), tuple(sorted(files.items()))


def say_findings(findings: tuple[Finding, ...], progress: Progress) -> None:
    """The worst few, a line each."""
    for finding in findings[:SHOWN]:
        rewards = " → ".join(f"{reward:.3f}" for reward in finding.rewards)
        progress.say(f"  {finding.id} {finding.norm} by {finding.family} ({finding.note}): reward {rewards}")
