"""Policies ↔ the store: ``policies/DIGEST/{manifest.json, model/}``, and ``policies/NAME/latest``, which digest a name
means now.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from iirl_core.artifact.entries import CorpusEntry, FileEntry
from iirl_core.artifact.files import MANIFEST, digest_file
from iirl_core.canonical import Digest, JsonValue, folder_of
from iirl_core.errors import NotFound, Tampered
from iirl_core.policy.manifest import TODO, Initial, PolicyManifest, manifest_from
from iirl_core.store.pointer import move_pointer, read_pointer
from iirl_core.store.protocol import Store

MODEL = "model"
"""The transformers folder inside a policy's own."""
_DIGEST = re.compile(r"sha256[:-][0-9a-f]{64}")


@dataclass(frozen=True)
class Policy:
    """A policy whose files are those that its manifest lists. ``model`` is a local transformers folder."""

    manifest: PolicyManifest
    model: Path


def publish_policy(
    store: Store,
    folder: Path,
    *,
    name: str,
    initial: Initial,
    corpora: tuple[CorpusEntry, ...],
    config: JsonValue,
    environment: Mapping[str, str],
    metrics: Mapping[str, float],
) -> PolicyManifest:
    """Store the transformers folder ``folder`` as a policy; its name does not point to it yet. Safe to repeat."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    entries = [FileEntry(f"{MODEL}/{path.relative_to(folder).as_posix()}", *digest_file(path)) for path in paths]
    manifest = PolicyManifest(name, initial, corpora, config, environment, metrics, tuple(entries))
    if not store.exists(f"{manifest.folder}/{MANIFEST}"):
        staged = store.stage()
        for entry, path in zip(entries, paths, strict=True):
            store.put_file(f"{staged}/{entry.path}", path)
        store.put(f"{staged}/{MANIFEST}", manifest.to_bytes())
        store.publish(staged, manifest.folder, MANIFEST)
    return manifest


def point_policy(store: Store, manifest: PolicyManifest) -> None:
    """From now on its name means this policy."""
    move_pointer(store, _pointer(manifest.name), manifest.digest)


def resolve_policy(store: Store, reference: str) -> Digest | None:
    """The digest of the policy that is called ``reference`` (a name, or a whole digest); None where the store has none
    of that name. Nothing is verified.
    """
    found = Digest(reference.replace("-", ":", 1)) if _DIGEST.fullmatch(reference) else _latest(store, reference)
    return found if found and store.exists(f"policies/{folder_of(found)}/{MANIFEST}") else None


def _latest(store: Store, name: str) -> Digest | None:
    latest = read_pointer(store, _pointer(name)) if re.fullmatch(r"[a-z0-9][a-z0-9-]*", name) else None
    return None if latest is None else Digest(latest)


def _pointer(name: str) -> str:
    return f"policies/{name}/latest"


def read_policy_manifest(store: Store, digest: Digest) -> PolicyManifest:
    """What a policy says of itself; its other files are not looked at.

    Raises:
        NotFound: the store holds no such policy.
        Tampered: the manifest is not the one of that digest.
    """
    try:
        manifest = manifest_from(json.loads(store.get(f"policies/{folder_of(digest)}/{MANIFEST}")))
    except ValueError as error:
        raise Tampered(f"the manifest of policy {digest[:19]} is not JSON", todo=TODO) from error
    if manifest.digest != digest:
        raise Tampered(f"the policy {digest[:19]} holds {manifest.digest[:19]}", todo=TODO)
    return manifest


def load_policy(store: Store, digest: Digest, cache: Path | None = None) -> Policy:
    """Every file checked against its digest. ``cache`` is where a remote store's files are kept locally (default:
    ``~/.cache/iirl``).

    Raises:
        NotFound: the store holds no such policy.
        Tampered: a file is missing or was changed, or the manifest is not the one of that digest.
    """
    key = f"policies/{folder_of(digest)}"
    if not store.exists(f"{key}/{MANIFEST}"):
        raise NotFound(f"there is no policy {digest[:19]} in {store.url}", todo=TODO)
    folder = store.local(key, cache or Path.home() / ".cache" / "iirl")
    try:
        manifest = manifest_from(json.loads((folder / MANIFEST).read_bytes()))
    except ValueError as error:
        raise Tampered(f"the manifest of policy {digest[:19]} is not JSON", todo=TODO) from error
    if manifest.digest != digest:
        raise Tampered(f"the policy {digest[:19]} holds {manifest.digest[:19]}", todo=TODO)
    for entry in manifest.files:
        if not (folder / entry.path).is_file() or digest_file(folder / entry.path) != (entry.digest, entry.size):
            raise Tampered(f"{entry.path} of policy {manifest.name} is gone or was changed", todo=TODO)
    return Policy(manifest, folder / MODEL)
