"""A real release in a real store: a small trajectory model, sealed, audited, approved and released."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from pathlib import Path

from iirl_core.artifact import ArtifactDraft, load_from, seal, seal_child
from iirl_core.audit import Coverage, Reservoir
from iirl_core.canonical import Digest, digest_bytes
from iirl_core.config import Config
from iirl_core.demonstration import Input
from iirl_core.enforcement import Thresholds
from iirl_core.release import Facts, Release, audit_file, release
from iirl_core.signing import (
    AuditPredicate,
    KeyRole,
    SealPredicate,
    SigningKey,
    Subject,
    Trust,
    Verified,
    generate_key,
    sign_statement,
    store_statement,
)
from iirl_core.store import DirectoryStore
from tests.iirl_core.artifact.samples import patch_at, walks


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass(frozen=True)
class Released:
    """``config`` is what a server is started with; ``path`` is where it lies as JSON."""

    config: Config
    store: DirectoryStore
    keys: dict[KeyRole, SigningKey]
    digest: Digest
    release: Verified[Release]
    path: Path

    def write(self, config: Config) -> Path:
        self.path.write_text(json.dumps(config.model_dump(mode="json")))
        return self.path


def released(folder: Path, draft: ArtifactDraft, audited: list[Input], *, patched: bool = False) -> Released:
    """Release ``draft`` (or a child of it with one patch), its audit having covered the inputs ``audited``."""
    store = DirectoryStore(folder / "store")
    keys = {role: generate_key(folder / "keys", role) for role in KeyRole}
    digest = seal(store, draft)
    _sign_seal(store, keys[KeyRole.BUILDER], digest)
    if patched:
        root = load_from(store, digest)
        digest = seal_child(store, root, [patch_at(root.model, walks(1, seed=3)[0])])
        _sign_seal(store, keys[KeyRole.BUILDER], digest)
    audit(store, keys[KeyRole.AUDITOR], digest, audited)
    manifest = load_from(store, digest).manifest
    config = draft.config.model_copy(update={"store": store.url, "keys": str(folder / "keys")})
    config = config.model_copy(update={"serve": config.serve.model_copy(update={"port": free_port()})})
    facts = Facts(manifest.name, manifest.name, manifest.version, manifest.parent, digest)
    verified = release(
        store,
        facts,
        config.release.channel,
        thresholds=Thresholds.of(config.release.thresholds),
        key=keys[KeyRole.APPROVER],
        trust=Trust.of(*keys.values()),
    )
    made = Released(config, store, keys, digest, verified, folder / "config.json")
    made.write(config)
    return made


def _sign_seal(store: DirectoryStore, key: SigningKey, digest: Digest) -> None:
    manifest = load_from(store, digest).manifest
    predicate = SealPredicate(manifest.name, manifest.version, manifest.parent)
    store_statement(store, sign_statement(key, Subject(manifest.name, digest), predicate))


def audit(
    store: DirectoryStore, key: SigningKey, digest: Digest, audited: list[Input], *, round: int = 1, passed: bool = True
) -> None:
    """Store the coverage of an audit of ``audited`` and sign its verdict."""
    artifact = load_from(store, digest)
    whitening = artifact.model.spaces.bottleneck
    points = whitening.apply(artifact.model.encoder.encode(audited).z).numpy()
    coverage = Coverage.fit(whitening, Reservoir.draw(points, [round], size=256))
    files = {"coverage.safetensors": coverage.to_bytes(), "audit.json": b"{}"}
    for name, data in files.items():
        store.put(audit_file(digest, round, name), data)
    reasons = () if passed else ("1 open finding",)
    predicate = AuditPredicate(
        round, passed, reasons, tuple((name, digest_bytes(data)) for name, data in files.items())
    )
    store_statement(store, sign_statement(key, Subject(artifact.manifest.name, digest), predicate))
