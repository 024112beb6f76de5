"""A root in a store of its own, audited by the core alone and triaged: what repairs start from, without Ray."""

from __future__ import annotations

from pathlib import Path

from cluster.session import Session
from iirl_core.artifact import load_from
from iirl_core.audit import Audit, Verdict, audit_chunk, findings_to_bytes, verified
from iirl_core.canonical import Digest, digest_bytes
from iirl_core.config import Config
from iirl_core.norm import norms_digest, norms_of
from iirl_core.probe import ChunkSeed
from iirl_core.release import audit_file
from iirl_core.signing import AuditPredicate, KeyRole, Subject, load_private_key, sign_statement, store_statement
from jobs.audit.material import gather_material
from jobs.triage import triage_round
from tests.jobs.audit.turning import make_root, wheel_config


def audited_root(folder: Path, count: int = 3000, **changes: object) -> tuple[Session, Config, Digest]:
    """With what one chunk of every family finds."""
    session, root = make_root(folder)
    config = wheel_config(folder, **changes)
    audit_once(session, config, root, count)
    return session, config, root


def audit_once(session: Session, config: Config, digest: Digest, count: int, round_: int = 1) -> Audit:
    """Ask, verify, sign and triage."""
    store, key = session.store, load_private_key(Path(config.keys), KeyRole.AUDITOR)
    artifact = load_from(store, digest)
    norms, material = gather_material(store, config, artifact, norms_of(config), [])
    seeds = [ChunkSeed(digest, round_, family, 0) for family in config.audit.probes]
    chunks = [audit_chunk(artifact.model, norms, seed, count, material) for seed in seeds]
    merged = type(chunks[0]).merge([verified(chunk, artifact, norms) for chunk in chunks], None, 64)
    data = findings_to_bytes(merged.findings)
    audit = Audit(
        digest=digest,
        round=round_,
        seed=0,
        norms=norms_digest(norms),
        probes=merged.asked,
        families=merged.families,
        findings=len(merged.findings),
        refuted=merged.refuted,
        kept=len(merged.findings),
        open_hard=len(merged.findings),
        findings_file=digest_bytes(data),
        coverage_file=digest_bytes(b""),
        histogram=merged.histogram,
        parts=(),
        verdict=Verdict(not merged.findings, ()),
    )
    files = {"audit.json": audit.to_bytes(), "findings.parquet": data}
    for name, content in files.items():
        store.put(audit_file(digest, round_, name), content)
    named = tuple((name, digest_bytes(content)) for name, content in files.items())
    said = AuditPredicate(round_, audit.verdict.passed, (), named)
    store_statement(store, sign_statement(key, Subject(config.name, digest), said))
    triage_round(session, config, audit, merged.findings)
    return audit
