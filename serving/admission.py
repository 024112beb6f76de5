"""Start-up: which release is served, and whether it holds. Nothing is served that cannot be proven.

The channel is resolved once, into a Pin, which must be what the log says last of it; every replica, whenever it
starts, proves the same Pin again from the store: the approver's release and approval, the builder's seal, the auditor's
verdict and the files of that audit, no revocation, every file of the artifact by its digest, and the golden Readings.
Whose keys count is said by this server's own configuration, never by the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cluster import open_store
from iirl_core.artifact import Artifact, load_from
from iirl_core.audit import Coverage
from iirl_core.canonical import digest_bytes
from iirl_core.config import Config
from iirl_core.errors import Gated, NotFound, Tampered
from iirl_core.patch.budget import KNOWN_GOOD
from iirl_core.release import (
    Dossier,
    Release,
    audit_file,
    believed,
    channel_key,
    decide_admission,
    read_dossier,
    verify_release,
)
from iirl_core.release.logged import logged_release
from iirl_core.signing import AuditPredicate, Trust
from iirl_core.store import Store
from serving.scorer import Scorer
from serving.served import Served

COVERAGE_FILE = "coverage.safetensors"


@dataclass(frozen=True)
class Pin:
    """One release, fixed: the signed statement that the channel held at start, and whom this server believes."""

    store: str
    name: str
    channel: str
    statement: bytes
    trust: Trust
    trust_remote_code: bool


def pin_release(config: Config) -> Pin:
    """Resolve the configuration's channel, once. A replica that starts later keeps the Pin: the channel may have moved.

    Raises:
        ConfigError: the store or the trusted keys cannot be used.
        NotFound: the channel was never released.
        Tampered: what it holds does not hold, or is an old release that was put back.
        Gated: no trusted approver signed it, or the log does not know of it.
    """
    store, name, channel = open_store(config.store), config.name, config.release.channel
    trust = (
        Trust.from_files(Path(file) for file in config.serve.trust)
        if config.serve.trust
        else Trust.from_folder(Path(config.keys))
    )
    try:
        statement = store.get(channel_key(name, channel))
    except NotFound as error:
        raise NotFound(
            f"{name}@{channel} was never released in {store.url}", todo="Release it with: iirl release CONFIG"
        ) from error
    logged_release(store, verify_release(statement, trust, name, channel))
    return Pin(store.url, name, channel, statement, trust, config.trusts_remote_code)


def admit(pin: Pin, device: str = "cpu") -> Scorer:
    """Prove the pinned release and load it; a text encoder computes on ``device``.

    Raises:
        Tampered: a digest, a signature, a file of the artifact or a golden Reading does not hold.
        Gated: a seal, a verdict or an approval is missing, or signed by a key that this server does not believe.
        NotFound: the artifact is gone.
    """
    store = open_store(pin.store)
    verified = verify_release(pin.statement, pin.trust, pin.name, pin.channel)
    release = verified.predicate
    dossier = read_dossier(store, release.digest)
    if reasons := decide_admission(release, dossier, pin.trust):
        raise Gated(f"{pin.name}@{pin.channel} cannot be served: {'; '.join(reasons)}")
    artifact = load_from(store, release.digest, trust_remote_code=pin.trust_remote_code, device=device)
    manifest = artifact.manifest
    if manifest.name != release.name:
        raise Tampered(f"{pin.name}@{pin.channel} releases a version of {manifest.name}")
    coverage = Coverage.from_bytes(coverage_bytes(store, dossier, release, pin.trust))
    served = Served(
        name=release.name,
        channel=release.channel,
        version=manifest.version,
        digest=release.digest,
        release=verified.digest,
        audit=release.audit,
        kind=manifest.kind,
        mode=manifest.mode.value,
        supervision=manifest.supervision.value,
        thresholds=release.thresholds,
        known_good=known_good_floor(artifact),
    )
    return Scorer(artifact, coverage, served)


def coverage_bytes(store: Store, dossier: Dossier, release: Release, trust: Trust) -> bytes:
    """The coverage of the audit that an admitted ``release`` names: exactly the bytes that its auditor signed.

    Raises:
        Tampered: the audit has none, or they changed since the dossier was read.
    """
    audits, _ = believed(dossier.audits, trust, AuditPredicate, release.digest)
    audit = next(one.predicate for one in audits if one.digest == release.audit)  # admission has found it
    signed = dict(audit.files).get(COVERAGE_FILE)
    if signed is None:
        raise Tampered(f"the audit behind {release.name}@{release.channel} has no {COVERAGE_FILE}")
    data = store.get(audit_file(release.digest, audit.round, COVERAGE_FILE))
    if digest_bytes(data) != signed:
        raise Tampered(f"{COVERAGE_FILE} has digest {digest_bytes(data)}", signed)
    return data


def known_good_floor(artifact: Artifact) -> float:
    """The lowest reward that any known-good input may have: no escalated input is delivered more.

    Known-good are the guard's rows whose root reward is at least ½; each may have lost the patch budget since.
    """
    rewards = artifact.guard.root_rewards
    known_good = rewards[rewards >= KNOWN_GOOD]
    budget = Config.model_validate(artifact.manifest.config).patch.budget
    return float(known_good.min()) * (1 - budget) if len(known_good) else 0.0
