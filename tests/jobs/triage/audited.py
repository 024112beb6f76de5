"""A real root with a real audit of it, made without Ray: what people are asked to look at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from cluster.session import Session
from iirl_core.artifact import load_from
from iirl_core.audit import Audit, Coverage, Finding, audit_chunk, decide_verdict, findings_to_bytes, part_to_bytes
from iirl_core.canonical import Digest, digest_bytes
from iirl_core.config import Config
from iirl_core.norm import norms_digest, norms_of
from iirl_core.probe import ChunkSeed, material_of
from iirl_core.release import audit_file
from iirl_core.signing import (
    AuditPredicate,
    KeyRole,
    SigningKey,
    Subject,
    Trust,
    generate_key,
    load_private_key,
    sign_statement,
    store_statement,
)
from iirl_core.store import DirectoryStore
from jobs.history import PastRound, latest_round
from tests.iirl_core.artifact.samples import walks
from tests.jobs.audit.turning import make_root, wheel_config

ROUND = 1
PROBES = 3000
PART = "parts-0/000000.parquet"


@dataclass(frozen=True)
class Audited:
    """``root`` was audited once, and has flaws."""

    folder: Path
    root: Digest

    @property
    def store(self) -> DirectoryStore:
        return DirectoryStore(self.folder / "store")

    @property
    def session(self) -> Session:
        return Session(self.store)

    def config(self, person: str = "", **changes: object) -> Config:
        """The configuration of who has all keys, or of a person who has a reviewer's own."""
        keys = {"keys": str(self.folder / person)} if person else {}
        return wheel_config(self.folder, **{"review": {"reach": 1.0}, **keys, **changes})

    def key(self, role: KeyRole) -> SigningKey:
        return load_private_key(self.folder / "keys", role)

    def person(self, name: str) -> str:
        """Give somebody a reviewer's key, and the public halves to everybody."""
        generate_key(self.folder / name, KeyRole.REVIEWER)
        public = (self.folder / name / "reviewer.pub").read_bytes()
        (self.folder / "keys" / f"reviewer-{name}.pub").write_bytes(public)
        folders = [one for one in self.folder.iterdir() if (one / "reviewer.pub").exists()]
        for folder in folders:
            for half in (self.folder / "keys").glob("*.pub"):
                (folder / half.name).exists() or (folder / half.name).write_bytes(half.read_bytes())
        return name

    def past(self, confidence: float = 1.0) -> PastRound:
        return latest_round(self.store, self.root, Trust.from_folder(self.folder / "keys"), confidence)


def make_audited(folder: Path) -> Audited:
    _, root = make_root(folder)
    audited = Audited(folder, root)
    keep_audit(audited, root, ROUND)
    return audited


def keep_audit(
    audited: Audited,
    digest: Digest,
    round_: int,
    former: tuple[Finding, ...] = (),
    *,
    kept: int | None = None,
    held_out: tuple[str, ...] = (),
) -> tuple[Finding, ...]:
    """One chunk of one family, signed as an audit; its findings, of which only the worst ``kept`` stand in their table
    (None: all), the others in its part alone.
    """
    store, config = audited.store, audited.config()
    artifact, norms = load_from(store, digest), norms_of(config)
    material = material_of(artifact.model, norms, walks(40, seed=1))
    asked = audit_chunk(artifact.model, norms, ChunkSeed(digest, round_, "far", 0), PROBES, material)
    findings = (*former, *asked.findings)
    coverage = Coverage.fit(artifact.model.spaces.bottleneck, asked.reservoir)
    part = part_to_bytes(replace(asked, findings=findings))
    store.put(audit_file(digest, round_, PART), part)
    files = {"findings.parquet": findings_to_bytes(findings[:kept]), "coverage.safetensors": coverage.to_bytes()}
    audit = Audit(
        digest=digest,
        round=round_,
        seed=0,
        norms=norms_digest(norms),
        probes=asked.asked,
        families=asked.families,
        findings=len(findings),
        refuted=0,
        kept=len(findings[:kept]),
        open_hard=len(findings),
        findings_file=digest_bytes(files["findings.parquet"]),
        coverage_file=digest_bytes(files["coverage.safetensors"]),
        histogram=asked.histogram,
        parts=((PART, digest_bytes(part)),),
        verdict=decide_verdict(norms, asked.families, len(findings)),
        held_out=held_out,
    )
    files["audit.json"] = audit.to_bytes()
    for name, data in files.items():
        store.put(audit_file(digest, round_, name), data)
    named = tuple((name, digest_bytes(data)) for name, data in sorted(files.items()))
    said = AuditPredicate(round_, audit.verdict.passed, audit.verdict.reasons, named)
    store_statement(store, sign_statement(audited.key(KeyRole.AUDITOR), Subject("sample", digest), said))
    return findings
