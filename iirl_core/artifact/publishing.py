"""Publishing: files in a folder → blobs → a tree in the store, its manifest last (``sealing`` says in which steps)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from iirl_core.artifact.card import card_of
from iirl_core.artifact.entries import FileEntry
from iirl_core.artifact.files import CHUNK, MANIFEST, digest_file
from iirl_core.artifact.manifest import Manifest
from iirl_core.artifact.model_digest import model_digest
from iirl_core.artifact.repair_files import write_repairs
from iirl_core.canonical import Digest, digest_chunks, folder_of
from iirl_core.patch.repairs import Repairs
from iirl_core.store import Store

CARD = "README.md"


def finish(store: Store, manifest: Manifest, folder: Path, repairs: Repairs, shared: tuple[FileEntry, ...]) -> Digest:
    """Write repairs and card, list and keep the files of ``folder``, publish them with the ``shared`` ones."""
    made = _entries(folder)
    write_repairs(folder, repairs, model_digest(dataclasses.replace(manifest, files=(*made, *shared))))
    (folder / CARD).write_text(card_of(manifest), encoding="utf-8")
    own = [*made, *_entries(folder, known=made)]
    manifest = dataclasses.replace(manifest, files=tuple(sorted([*own, *shared])))
    final = f"artifacts/{folder_of(manifest.digest())}"
    if store.exists(f"{final}/{MANIFEST}"):
        return manifest.digest()
    for entry in own:
        keep(store, entry, folder)
    staged = store.stage()
    for entry in manifest.files:
        store.copy(_blob(entry), f"{staged}/{entry.path}")
    store.put(f"{staged}/{MANIFEST}", manifest.bytes())
    store.publish(staged, final, last=MANIFEST)
    return manifest.digest()


def _entries(folder: Path, known: Sequence[FileEntry] = ()) -> list[FileEntry]:
    """Its files, but for those that are ``known``: weights are long to read."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    paths = sorted(found.difference(entry.path for entry in known))
    return [FileEntry(path, *digest_file(folder / path)) for path in paths]


def keep(store: Store, entry: FileEntry, folder: Path) -> None:
    """Content-addressed: what is there already is used, if it is still the same bytes."""
    if not store.exists(_blob(entry)) or _stored_digest(store, _blob(entry)) != entry.digest:
        store.put_file(_blob(entry), folder / entry.path)


def _stored_digest(store: Store, key: str) -> Digest:
    """In constant memory."""
    filesystem, root = store.filesystem()
    with filesystem.open_input_stream(f"{root}/{key}", compression=None) as stream:
        return digest_chunks(iter(lambda: stream.read(CHUNK), b""))


def _blob(entry: FileEntry) -> str:
    return f"blobs/{folder_of(entry.digest)}"
