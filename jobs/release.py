"""``iirl release``, ``iirl release rollback`` and ``iirl release revoke``: move a channel, or close it to a digest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from iirl_core.canonical import folder_of
from iirl_core.enforcement import Thresholds
from iirl_core.errors import ConfigError
from iirl_core.release import Facts, Release, channel_key, read_channel, release, resolve
from iirl_core.release import revoke as revoke_digest
from iirl_core.release import rollback as roll_back
from iirl_core.signing import KeyRole, Subject, Trust, Verified, load_private_key
from jobs.key import refuse_keys_inside
from jobs.outcome import Outcome

if TYPE_CHECKING:
    from cluster.session import Session
    from iirl_core.config import Config
    from jobs.console import Progress


def run(session: Session, config: Config, progress: Progress, reference: str | None = None) -> Outcome:
    """Point the configuration's channel to an artifact (default: the latest), if seal, audit and verdict hold.

    The artifact is loaded first, so that nothing is released whose files or golden Readings do not hold.

    Raises:
        Gated: a seal, an audit or its verdict is missing; the error gives every reason.
        Tampered: the artifact or a statement does not hold.
        ConfigError: the approver's key is missing or lies open.
    """
    from iirl_core.artifact import load_from  # torch

    store, keys = session.store, Path(config.keys)
    refuse_keys_inside(store, keys)
    key, trust = load_private_key(keys, KeyRole.APPROVER), Trust.from_folder(keys)
    digest = resolve(store, reference or config.name)
    with progress.task(f"checking {digest[:19]}"):
        manifest = load_from(store, digest, trust_remote_code=config.trusts_remote_code).manifest
    facts = Facts(config.name, manifest.name, manifest.version, manifest.parent, digest)
    thresholds = Thresholds.of(config.release.thresholds)
    made = release(store, facts, config.release.channel, thresholds=thresholds, key=key, trust=trust)
    return _outcome(f"released {manifest.name} {manifest.version}", store.url, made)


def rollback(session: Session, config: Config, progress: Progress, reference: str | None = None) -> Outcome:
    """Point the configuration's channel back to the digest before the current one.

    Raises:
        ConfigError: an artifact was named (a rollback knows where it goes), or the approver's key cannot be used.
        NotFound, Gated: there is nothing to go back to, or it must not be gone back to.
    """
    if reference:
        raise ConfigError(f"iirl release rollback --artifact {reference}", "no artifact: the one before is meant")
    keys = Path(config.keys)
    refuse_keys_inside(session.store, keys)
    key, trust = load_private_key(keys, KeyRole.APPROVER), Trust.from_folder(keys)
    made = roll_back(session.store, config.name, config.release.channel, key, trust)
    progress.say(f"undid {made.predicate.rollback_of}")
    return _outcome(f"rolled {config.name} back", session.store.url, made)


def revoke(
    session: Session, config: Config, progress: Progress, reference: str | None = None, reason: str = ""
) -> Outcome:
    """Forbid that an artifact be released, rolled back to or served from now on, whatever its audits say.

    Raises:
        ConfigError: no artifact was named, or the approver's key cannot be used.
        NotFound: there is no such artifact.
    """
    if not reference:
        raise ConfigError("iirl release revoke", "--artifact: what is revoked must be named")
    store, keys = session.store, Path(config.keys)
    refuse_keys_inside(store, keys)
    key = load_private_key(keys, KeyRole.APPROVER)
    digest = resolve(store, reference)
    revoke_digest(store, Subject(config.name, digest), reason, key)
    current = read_channel(store, config.name, config.release.channel, Trust.from_folder(keys))
    if current is not None and current.predicate.digest == digest:
        progress.say(f"{config.name}@{config.release.channel} still means it: iirl release rollback CONFIG.yaml")
    return Outcome(f"revoked {digest[:19]}: {reason}", f"{store.url}/statements/{folder_of(digest)}", "iirl log")


def _outcome(what: str, url: str, made: Verified[Release]) -> Outcome:
    told = made.predicate
    return Outcome(
        made=f"{what}: {told.name}@{told.channel} is now {told.digest[:19]} (release {told.sequence}, because of audit "
        f"{told.audit[:19]}, approved by {told.approver[:12]})",
        where=f"{url}/{channel_key(told.name, told.channel)}",
        next=f"iirl verify {told.name}@{told.channel}, then iirl serve CONFIG.yaml",
    )
