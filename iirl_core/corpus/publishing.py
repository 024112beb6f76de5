"""Into the store: shards are staged, then the corpus becomes visible whole, then its name points to it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

import pyarrow as pa

from iirl_core.canonical import JsonValue
from iirl_core.corpus.manifest import CorpusManifest, Shard, SourceFile
from iirl_core.corpus.shard import shard_name, write_shard
from iirl_core.corpus.tables import GROUP_ROWS, Kind, table_of
from iirl_core.corpus.tally import Tally, facts_of
from iirl_core.demonstration import Conversation, Demonstration
from iirl_core.errors import CorpusEmpty
from iirl_core.records.raw import Quarantined
from iirl_core.store.pointer import move_pointer
from iirl_core.store.protocol import Store

MANIFEST = "manifest.json"
QUARANTINE = "quarantine.jsonl"


def pointer_key(name: str) -> str:
    """The key of the pointer to the newest corpus of that name."""
    return f"corpora/{name}/latest"


@contextmanager
def tallied(store: Store, staged: str) -> Iterator[Tally]:
    """A Tally whose quarantined rows become ``quarantine.jsonl`` in the staged corpus, as they come."""
    filesystem, root = store.filesystem()
    with filesystem.open_output_stream(f"{root}/{staged}/{QUARANTINE}", compression=None) as stream:

        def sink(row: Quarantined) -> None:
            # Reasons may quote what was wrong, unpaired surrogates included: ASCII can say those.
            stream.write(json.dumps(row.document(), ensure_ascii=True).encode() + b"\n")

        with Tally(sink) as tally:
            yield tally


def publish_corpus(store: Store, staged: str, manifest: CorpusManifest) -> None:
    """Make the staged corpus visible under its digest, and its name point to it. Safe to repeat."""
    store.put(f"{staged}/{MANIFEST}", manifest.to_bytes())
    store.publish(staged, manifest.folder, MANIFEST)
    move_pointer(store, pointer_key(manifest.name), manifest.digest)


def write_corpus(
    store: Store,
    name: str,
    rows: Iterable[Demonstration | Quarantined],
    *,
    rows_per_shard: int = 50_000,
    files: Sequence[SourceFile] = (),
    config: JsonValue = None,
) -> CorpusManifest:
    """Write and publish in this process, in constant memory; the kind is the first demonstration's.

    Raises:
        CorpusEmpty: no demonstration was left.
        InputError: a demonstration is of another kind than the first.
    """
    staged = store.stage()
    filesystem, root = store.filesystem()
    with tallied(store, staged) as tally:
        kept = _kept(rows, tally)
        first = next(kept, None)
        if first is None:
            tally.check_not_empty(name)
            raise CorpusEmpty(f"corpus {name} is empty")
        kind: Kind = "conversation" if isinstance(first.input, Conversation) else "trajectory"
        shards: list[Shard] = []
        pending = _chain(first, kept)
        while group := list(islice(pending, 1)):
            tables = _tables(_chain(group[0], islice(pending, rows_per_shard - 1)), kind)
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


def _chain(first: Demonstration, rest: Iterator[Demonstration]) -> Iterator[Demonstration]:
    yield first
    yield from rest


def _tables(rows: Iterator[Demonstration], kind: Kind) -> Iterator[pa.Table]:
    while batch := list(islice(rows, GROUP_ROWS[kind])):
        yield table_of(batch, kind)
