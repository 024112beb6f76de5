"""A store after one turn of the wheel: a root, its patched child, audits, and a release of the child. All of it real,
made without Ray.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from cluster.session import Session
from iirl_core.artifact import load_from, seal, seal_child
from iirl_core.audit import Audit, FamilyResult, Verdict
from iirl_core.canonical import Digest, digest_bytes
from iirl_core.config import Config
from iirl_core.log import Event, append
from iirl_core.release import audit_file
from iirl_core.signing import (
    AuditPredicate,
    KeyRole,
    SealPredicate,
    SigningKey,
    Subject,
    TriagePredicate,
    load_private_key,
    sign_statement,
    store_statement,
)
from iirl_core.store import DirectoryStore, move_pointer
from jobs.console import Progress
from jobs.key import new_keys
from tests.iirl_core.artifact.samples import config, patch_at, trajectory_draft, walks

PART = "parts-0/000000.parquet"


@dataclass(frozen=True)
class Wheel:
    """``root`` failed its audit, ``child`` (its patched child) passed; nothing is released yet."""

    session: Session
    config: Config
    root: Digest
    child: Digest

    @property
    def store(self) -> DirectoryStore:
        assert isinstance(self.session.store, DirectoryStore)
        return self.session.store

    @property
    def keys(self) -> Path:
        return Path(self.config.keys)

    def key(self, role: KeyRole) -> SigningKey:
        return load_private_key(self.keys, role)

    def audited(self, digest: Digest, round: int, passed: bool) -> None:
        findings, coverage = b"findings", b"coverage"
        audit = Audit(
            digest=digest,
            round=round,
            seed=0,
            norms=digest_bytes(b"norms"),
            probes=100,
            families=(FamilyResult("far", "far-is-low", 100, 100, 0 if passed else 3),),
            findings=0 if passed else 3,
            refuted=0,
            kept=0 if passed else 3,
            open_hard=0 if passed else 3,
            findings_file=digest_bytes(findings),
            coverage_file=digest_bytes(coverage),
            histogram=(5,) * 20,
            parts=((PART, digest_bytes(b"part")),),
            verdict=Verdict(passed, () if passed else ("3 open findings of hard norms",)),
        )
        files = {
            "audit.json": audit.to_bytes(),
            "findings.parquet": findings,
            "coverage.safetensors": coverage,
        }
        for name, data in {**files, PART: b"part"}.items():
            self.store.put(audit_file(digest, round, name), data)
        named = tuple((name, digest_bytes(data)) for name, data in files.items())
        said = AuditPredicate(round, passed, audit.verdict.reasons, named)
        store_statement(self.store, sign_statement(self.key(KeyRole.AUDITOR), Subject("sample", digest), said))
        append(self.store, Event("audit", digest, "sample", self.key(KeyRole.AUDITOR).id))


def turn(folder: Path) -> Wheel:
    """Everything up to the release, under ``folder``."""
    store, keys = DirectoryStore(folder / "store"), folder / "keys"
    new_keys(keys)
    root = seal(store, trajectory_draft())
    parent = load_from(store, root)
    child = seal_child(store, parent, [patch_at(parent.model, item) for item in walks(3, seed=9)])
    wheel = open_wheel(folder, root, child)
    for digest in (root, child):
        manifest = load_from(store, digest).manifest
        said = SealPredicate("sample", manifest.version, manifest.parent)
        store_statement(store, sign_statement(wheel.key(KeyRole.BUILDER), Subject("sample", digest), said))
        append(store, Event("seal", digest, "sample", wheel.key(KeyRole.BUILDER).id))
    wheel.audited(root, 1, passed=False)
    labels = TriagePredicate(1, "policy:" + "0" * 64, (("f-1", "flaw"),))
    store_statement(store, sign_statement(wheel.key(KeyRole.AUDITOR), Subject("sample", root), labels))
    wheel.audited(child, 2, passed=True)
    move_pointer(store, "runs/sample/latest", child)
    return wheel


def open_wheel(folder: Path, root: Digest, child: Digest) -> Wheel:
    """What `turn` made, wherever its folder was copied to."""
    places = {"store": str(folder / "store"), "keys": str(folder / "keys")}
    return Wheel(Session(DirectoryStore(folder / "store")), config().model_copy(update=places), root, child)


def quiet() -> Progress:
    """Progress that nobody sees."""
    return Progress(Console(file=io.StringIO()))
