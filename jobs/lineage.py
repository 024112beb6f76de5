"""An artifact's lineage: its own manifest, its parent's, and so on to the root; and the audits about each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from iirl_core.artifact import Manifest, parse_manifest
from iirl_core.audit import Audit
from iirl_core.canonical import Digest, digest_bytes, folder_of
from iirl_core.errors import NotFound, Tampered
from iirl_core.release import audit_file
from iirl_core.signing import AuditPredicate, Fields
from iirl_core.store import Store

AUDIT = "audit.json"
WEIGHTS = "model/expertness.safetensors"


@dataclass(frozen=True)
class Ancestor:
    """One artifact of the line; the manifest's bytes have that digest."""

    digest: Digest
    manifest: Manifest


def manifest_of(store: Store, digest: Digest) -> Manifest:
    """The manifest of an artifact, checked against its digest; its files are not looked at.

    Raises:
        NotFound: the store holds no such artifact.
        Tampered: the manifest has another digest, or is malformed.
    """
    try:
        data = store.get(f"artifacts/{folder_of(digest)}/manifest.json")
    except NotFound as error:
        raise NotFound(f"there is no artifact {digest[:19]} in {store.url}") from error
    if digest_bytes(data) != digest:
        raise Tampered(f"manifest.json has the digest {digest_bytes(data)[:19]}", digest[:19])
    return parse_manifest(data)


def lineage(store: Store, digest: Digest) -> Iterator[Ancestor]:
    """The artifact, its parent, …, the root. A chain of digests has no loops.

    Raises:
        NotFound, Tampered: as `manifest_of`, when it comes to the ancestor that does not hold.
    """
    following: Digest | None = digest
    while following is not None:
        here = Ancestor(following, manifest_of(store, following))
        yield here
        following = here.manifest.parent


def trained(store: Store, digest: Digest) -> Ancestor:
    """The oldest ancestor with the artifact's own weights: what training made, and repairs were patched onto.

    Raises:
        NotFound, Tampered: as `lineage`.
    """
    line = lineage(store, digest)
    found = next(line)
    for here in line:
        if weights_of(here.manifest) != weights_of(found.manifest):
            break
        found = here
    return found


def weights_of(manifest: Manifest) -> dict[str, Digest]:
    """What tells weights from others: their file and its digest."""
    return {entry.path: entry.digest for entry in manifest.files if entry.path == WEIGHTS}


def audit_of(store: Store, digest: Digest, said: AuditPredicate) -> Audit:
    """``audit.json`` of one round, if it is the file that the auditor's statement lists.

    Raises:
        Tampered: it is gone, was changed or cannot be read.
    """
    try:
        data = store.get(audit_file(digest, said.round, AUDIT))
    except NotFound as error:
        raise Tampered(f"the audit of round {said.round} about {digest[:19]} is gone") from error
    if digest_bytes(data) != dict(said.files).get(AUDIT):
        raise Tampered(f"the audit of round {said.round} about {digest[:19]} was changed after it was signed")
    return Audit.parse(dict(Fields.parse(AUDIT, data).document))
