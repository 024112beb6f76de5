"""The files of an artifact's folder, and whether they are what the manifest lists."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from iirl_core.artifact.manifest import Manifest
from iirl_core.canonical import Digest, digest_chunks
from iirl_core.errors import Tampered

MANIFEST = "manifest.json"
CLASSIFIER_CONFIG = "model/config.json"
"""Of a stock classifier: it says whether there are patches, so a child has its own."""
CHUNK = 2**20


def digest_file(path: Path) -> tuple[Digest, int]:
    """Digest and size, in constant memory."""

    def chunks() -> Iterator[bytes]:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    return digest_chunks(chunks()), path.stat().st_size


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Every listed file is there with its digest, and no other file is.

    Raises:
        Tampered: naming the first that does not hold.
    """
    listed = {entry.path: entry for entry in manifest.files}
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()} - {MANIFEST}
    if missing := sorted(set(listed) - found):
        raise Tampered(f"{missing[0]} is missing", f"the {len(listed)} files that manifest.json lists")
    if strange := sorted(found - set(listed)):
        raise Tampered(f"{strange[0]} is not listed in manifest.json", "no file beside those listed")
    for path, entry in sorted(listed.items()):
        digest, size = digest_file(folder / path)
        if (digest, size) != (entry.digest, entry.size):
            raise Tampered(f"{path} has digest {digest}", entry.digest, "Fetch the artifact again")
