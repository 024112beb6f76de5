"""What a policy says of itself: where it began, what it imitated, and which bytes it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from iirl_core.artifact.entries import CorpusEntry, FileEntry
from iirl_core.canonical import Digest, JsonValue, canonical_json, digest_json, folder_of
from iirl_core.errors import Tampered

SCHEMA = "iirl.policy/1"
TODO = "Make it again with: iirl imitate CONFIG.yaml"


@dataclass(frozen=True)
class Initial:
    """π_init: what it is called (a hub name, a folder's last name, a policy's name), and the digest of that policy in
    the store, or of its files.
    """

    name: str
    digest: Digest


@dataclass(frozen=True)
class PolicyManifest:
    """``manifest.json``. It holds no time, no host and no path: the same run gives the same manifest, to the byte.

    ``corpora`` are the demonstrations that were imitated, ``config`` how, ``metrics`` what was measured by it;
    ``files`` are relative to the policy's folder, a transformers folder under ``model/``.
    """

    name: str
    initial: Initial
    corpora: tuple[CorpusEntry, ...]
    config: JsonValue
    environment: Mapping[str, str]
    metrics: Mapping[str, float]
    files: tuple[FileEntry, ...]
    digest: Digest = field(init=False)
    """Of everything above; names the policy's folder."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", digest_json(self._body()))

    @property
    def folder(self) -> str:
        """The key prefix of the policy in its store."""
        return f"policies/{folder_of(self.digest)}"

    def _body(self) -> dict[str, JsonValue]:
        return {
            "schema": SCHEMA,
            "name": self.name,
            "initial": asdict(self.initial),
            "corpora": [asdict(each) for each in self.corpora],
            "config": self.config,
            "environment": dict(self.environment),
            "metrics": dict(self.metrics),
            "files": [asdict(each) for each in self.files],
        }

    def to_bytes(self) -> bytes:
        """``manifest.json``."""
        return canonical_json({**self._body(), "digest": self.digest}) + b"\n"


def manifest_from(document: object) -> PolicyManifest:
    """The inverse of ``to_bytes``, decoded.

    Raises:
        Tampered: it is no JSON object, a field is missing or unknown, or the digest does not hold.
    """
    if not isinstance(document, Mapping):
        raise Tampered(f"a policy's manifest of type {type(document).__name__}", todo=TODO)
    given = {name: value for name, value in document.items() if name not in ("schema", "digest")}
    try:
        given["initial"] = Initial(**given["initial"])
        given["corpora"] = tuple(CorpusEntry(**each) for each in given["corpora"])
        given["files"] = tuple(FileEntry(**each) for each in given["files"])
        manifest = PolicyManifest(**given)
        held = manifest.digest == document["digest"] and document["schema"] == SCHEMA
    except (KeyError, TypeError, ValueError) as error:
        raise Tampered(f"a policy's manifest that cannot be read ({error})", todo=TODO) from error
    if not held:
        raise Tampered(f"the manifest of policy {manifest.name} does not match its digest", todo=TODO)
    return manifest
