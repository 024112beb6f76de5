"""One round of audit: ask, verify, count, decide, sign.

    audits/DIGEST/ROUND/{audit.json, findings.parquet, coverage.safetensors}, and the auditor's statement about them

The statement is written last: a round without one never happened, and running the command again does it anew, with the
same seeds and therefore the same findings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import ray

from cluster.session import Session
from iirl_core.artifact import Artifact, load_from
from iirl_core.audit import (
    Audit,
    ChunkResult,
    Coverage,
    Finding,
    decide_verdict,
    findings_to_bytes,
    worst_first,
)
from iirl_core.canonical import Digest, digest_bytes
from iirl_core.config import Config
from iirl_core.config.governance import AuditSection
from iirl_core.errors import ConfigError, InputError
from iirl_core.log import Event, append
from iirl_core.norm import Norm, norms_digest, norms_of
from iirl_core.probe import FAMILIES, ChunkSeed
from iirl_core.release import audit_file, resolve
from iirl_core.signing import (
    AuditPredicate,
    KeyRole,
    SigningKey,
    Subject,
    Trust,
    load_private_key,
    sign_statement,
    statements_of,
    store_statement,
)
from jobs.audit.fanning import audit_chunks, verify_findings
from jobs.audit.material import gather_material
from jobs.audit.scorers import ScorerPool
from jobs.console import Progress
from jobs.history import FINDINGS, history_of
from jobs.outcome import Outcome
from jobs.scorer import Chunk

FORMER = "former"
SHOWN = 5


@dataclass(frozen=True)
class AuditRound:
    """The signed audit of one round, and its verified findings (at most ``audit.keep_findings``), worst first."""

    audit: Audit
    findings: tuple[Finding, ...]


def run(session: Session, config: Config, progress: Progress, reference: str | None = None) -> Outcome:
    """Audit one artifact (default: the latest) once.

    Raises:
        ConfigError: there are no norms, a family is unknown or of the other kind, or the auditor's key is missing.
        NotFound: there is no such artifact or corpus.
    """
    digest = resolve(session.store, reference or config.name)
    check_families(config)
    with ScorerPool(session, config.audit) as scorers:
        audited = audit_round(session, config, progress, scorers, digest)
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
        ConfigError: there are no norms, or a family is unknown or asks about the other kind of input.
    """
    if not config.norms:
        raise ConfigError("norms: there are none", "at least one, or an audit has nothing to check")
    kind = "conversation" if config.encoder.kind == "text" else "trajectory"
    for name in config.audit.probes:
        if name not in FAMILIES:
            raise ConfigError(f"audit.probes: there is no family {name!r}", f"one of {', '.join(FAMILIES)}")
        if FAMILIES[name].kind not in (kind, "any"):
            raise ConfigError(f"audit.probes: {name} asks about {FAMILIES[name].kind}s, not {kind}s")


def audit_round(
    session: Session, config: Config, progress: Progress, scorers: ScorerPool, digest: Digest
) -> AuditRound:
    """Ask every family its budget and every former finding again; verify, decide, sign and keep the round.

    Raises:
        ConfigError: the auditor's key is missing.
        Tampered, Gated: the artifact, or a former audit, does not hold.
    """
    store, keys = session.store, Path(config.keys)
    key, trust = load_private_key(keys, KeyRole.AUDITOR), Trust.from_folder(keys)
    history = history_of(store, digest, trust)
    round_ = 1 + max((past.audit.round for past in history), default=0)
    artifact = load_from(store, digest, trust_remote_code=config.trusts_remote_code)
    norms = norms_of(config)
    material = gather_material(store, config, artifact, norms, history)
    assignment = scorers.assign(digest, norms, material, trust_remote_code=config.trusts_remote_code)
    chunks = chunks_of(config, digest, round_, len(material.former))
    with progress.task("audit", sum(config.audit.probes.values()) + len(material.former)) as advance:
        merged = _ask(scorers, assignment, chunks, config.audit, advance)
    verified = _verify(scorers, assignment, merged.findings, progress)
    findings = worst_first(finding for finding in verified if finding is not None)
    coverage = Coverage.fit(artifact.model.spaces.bottleneck, merged.reservoir)
    audit, files = _conclude(config, norms, artifact, round_, merged=merged, findings=findings, coverage=coverage)
    _keep(session, key, config.name, audit, files)
    return AuditRound(audit, findings)


def chunks_of(config: Config, digest: Digest, round_: int, former: int) -> list[Chunk]:
    """The round's questions, in pieces of at most ``audit.chunk``: a pure function, so that anybody can ask again."""
    size = config.audit.chunk
    budgets = {**config.audit.probes, **({FORMER: former} if former else {})}
    chunks = []
    for family, budget in budgets.items():
        for number in range(ceil(budget / size)):
            # Former findings are cut by the chunk's number times its size, so every chunk asks for the same.
            count = size if family == FORMER else min(size, budget - number * size)
            chunks.append(Chunk(ChunkSeed(digest, round_, family, number, config.seed), count))
    return chunks


def _ask(
    scorers: ScorerPool,
    assignment: ray.ObjectRef,
    chunks: list[Chunk],
    section: AuditSection,
    advance: Callable[[int], None],
) -> ChunkResult:
    """All chunks, merged as they come: memory holds one round's kept findings, never all probes."""
    if not chunks:
        raise InputError("an audit that asks nothing", "audit.probes with a budget above 0")
    merged: ChunkResult | None = None
    for part in audit_chunks(scorers, assignment, chunks):
        parts = [part] if merged is None else [merged, part]
        merged = ChunkResult.merge(parts, section.keep_findings, section.coverage_points)
        advance(part.asked)
    if merged is None or merged.asked == 0:
        raise InputError("an audit whose families had nothing to ask", "a probe corpus, or other families")
    return merged


def _verify(
    scorers: ScorerPool, assignment: ray.ObjectRef, findings: tuple[Finding, ...], progress: Progress
) -> list[Finding | None]:
    if not findings:
        return []
    verified: list[Finding | None] = []
    with progress.task("verify", len(findings)) as advance:
        for part in verify_findings(scorers, assignment, findings):
            verified += part
            advance(len(part))
    return verified


def _conclude(
    config: Config,
    norms: tuple[Norm, ...],
    artifact: Artifact,
    round_: int,
    *,
    merged: ChunkResult,
    findings: tuple[Finding, ...],
    coverage: Coverage,
) -> tuple[Audit, dict[str, bytes]]:
    """The audit and its files. Findings that were counted but not kept are not verified: they count as open."""
    broken = sum(result.broken for result in merged.families)
    not_kept = broken - len(merged.findings)
    hard = {norm.id for norm in norms if norm.hard}
    hard_broken = sum(result.broken for result in merged.families if result.norm in hard)
    hard_kept = sum(finding.hard for finding in merged.findings)
    open_hard = sum(finding.hard for finding in findings) + hard_broken - hard_kept
    files = {FINDINGS: findings_to_bytes(findings), "coverage.safetensors": coverage.to_bytes()}
    audit = Audit(
        digest=artifact.digest,
        round=round_,
        seed=config.seed,
        norms=norms_digest(norms),
        probes=merged.asked,
        families=merged.families,
        findings=len(findings) + not_kept,
        kept=len(findings),
        open_hard=open_hard,
        findings_file=digest_bytes(files[FINDINGS]),
        coverage_file=digest_bytes(files["coverage.safetensors"]),
        histogram=merged.histogram,
        verdict=decide_verdict(norms, merged.families, open_hard),
    )
    return audit, {**files, "audit.json": audit.to_bytes()}


def _keep(session: Session, key: SigningKey, name: str, audit: Audit, files: dict[str, bytes]) -> None:
    store = session.store
    for file, data in files.items():
        store.put(audit_file(audit.digest, audit.round, file), data)
    digests = tuple(sorted((file, digest_bytes(data)) for file, data in files.items()))
    said = AuditPredicate(audit.round, audit.verdict.passed, audit.verdict.reasons, digests)
    statement = sign_statement(key, Subject(name, audit.digest), said)
    if statement not in statements_of(store, audit.digest, AuditPredicate.kind):
        details = (("round", str(audit.round)), ("findings", str(audit.findings)), ("passed", str(said.passed).lower()))
        append(store, Event("audit", audit.digest, name, key.id, details))
        store_statement(store, statement)


def say_findings(findings: tuple[Finding, ...], progress: Progress) -> None:
    """The worst few, a line each."""
    for finding in findings[:SHOWN]:
        rewards = " → ".join(f"{reward:.3f}" for reward in finding.rewards)
        progress.say(f"  {finding.id} {finding.norm} by {finding.family} ({finding.note}): reward {rewards}")
