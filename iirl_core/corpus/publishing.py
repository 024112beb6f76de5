"""Into the store: shards are staged, then the corpus becomes visible whole, then its name points to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, islice

import pyarrow as pa

from iirl_core.canonical import JsonValue, canonical_json
from iirl_core.corpus.manifest import CorpusManifest, Shard, SourceFile
from iirl_core.corpus.shard import shard_name, write_shard
from iirl_core.corpus.tables import GROUP_ROWS, Kind, table_of
from iirl_core.corpus.tally import Tally, facts_of
from iirl_core.demonstration import Conversation, Demonstration
from iirl_core.records.raw import Quarantined
from iirl_core.store.pointer import move_pointer
from iirl_core.store.protocol import Store

MANIFEST = "manifest.json"
QUARANTINE = "quarantine.jsonl"


def pointer_key(name: str) -> str:
    """The key of the pointer to the newest corpus of that name."""
    return f"corpora/{name}/latest"


@contextmanager
def staging(store: Store) -> Iterator[str]:
    """A staged place; what was not published from it is removed, whatever happens."""
    staged = store.stage()
    try:
        yield staged
    finally:
        filesystem, root = store.filesystem()
        with suppress(OSError):  # published, or nothing was written there
            filesystem.delete_dir(f"{root}/{staged}")


@contextmanager
def tallied(store: Store, staged: str, similarity: float | None = None) -> Iterator[Tally]:
    """A Tally whose quarantined rows become ``quarantine.jsonl`` in the staged corpus, as they come; near-duplicates of
    that ``similarity`` are among them (None: they are kept).
    """
    filesystem, root = store.filesystem()
    with filesystem.open_output_stream(f"{root}/{staged}/{QUARANTINE}", compression=None) as stream:

        def sink(row: Quarantined) -> None:
            stream.write(canonical_json(row.document()) + b"\n")

        with Tally(sink, similarity) as tally:
            yield tally


def publish_corpus(store: Store, staged: str, manifest: CorpusManifest) -> None:
    """Make the staged corpus visible under its digest, and its name point to it. Safe to repeat."""
    publish_unnamed(store, staged, manifest)
    move_pointer(store, pointer_key(manifest.name), manifest.digest)


def publish_unnamed(store: Store, staged: str, manifest: CorpusManifest) -> None:
    """Make the staged corpus visible under its digest alone. Safe to repeat."""
    store.put(f"{staged}/{MANIFEST}", manifest.to_bytes())
    store.publish(staged, manifest.folder, MANIFEST)


def write_corpus(
    store: Store,
    name: str,
    rows: Iterable[Demonstration | Quarantined],
    *,
    rows_per_shard: int = 50_000,
    files: Sequence[SourceFile] = (),
    config: JsonValue = None,
) -> CorpusManifest:
    """Write and publish in this process, in constant memory; the kind is the first demonstration's, and those of the
    other kind are quarantined.

    Raises:
        CorpusEmpty: no demonstration was left.
    """
    filesystem, root = store.filesystem()
    with staging(store) as staged:
        kind: Kind = "conversation"
        shards: list[Shard] = []
        with tallied(store, staged) as tally:
            kept = _kept(rows, tally)
            while (first := next(kept, None)) is not None:
                if not shards:
                    kind = "conversation" if isinstance(first.input, Conversation) else "trajectory"
                tables = _tables(chain([first], islice(kept, rows_per_shard - 1)), kind)
                shards.append(write_shard(filesystem, f"{root}/{staged}", shard_name(len(shards)), tables, kind))
            manifest = tally.manifest(name, kind, files, shards, config)
        publish_corpus(store, staged, manifest)
    return manifest


def _kept(rows: Iterable[Demonstration | Quarantined], tally: Tally) -> Iterator[Demonstration]:
    for place, row in enumerate(rows, start=1):
        if isinstance(row, Quarantined):
            tally.quarantine(row)
        elif tally.offer(facts_of(row), row.source, place):
            yield row


def _tables(rows: Iterator[Demonstration], kind: Kind) -> Iterator[pa.Table]:
    while batch := list(islice(rows, GROUP_ROWS[kind])):
        yield table_of(batch, kind)
