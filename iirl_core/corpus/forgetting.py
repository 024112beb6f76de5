"""A corpus without some of its records: which those are, and what is left, as a corpus of its own.

What is left keeps its order, splits, weights and token counts, so its ``content`` is that of a corpus that never held
the others. Its manifest says under ``config.forgot`` what it was made from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from iirl_core.canonical import Digest, JsonValue, digest_json
from iirl_core.corpus.corpus import Corpus
from iirl_core.corpus.manifest import CorpusManifest, Shard
from iirl_core.corpus.publishing import QUARANTINE, pointer_key, publish_unnamed, staging, tallied
from iirl_core.corpus.shard import shard_name, write_shard
from iirl_core.corpus.tables import demonstrations_of
from iirl_core.corpus.tally import Tally, facts_of
from iirl_core.demonstration import SPLITS, Split
from iirl_core.errors import ConfigError
from iirl_core.store.pointer import move_pointer, read_pointer

FORGOT = "forgot"


@dataclass(frozen=True)
class Dropped:
    """The records of one corpus that are to be forgotten: their ``ids``, the ``sources`` that they came from, and how
    many of them are in each split.
    """

    corpus: Digest
    ids: frozenset[str]
    sources: frozenset[str]
    splits: Mapping[Split, int]

    def __len__(self) -> int:
        return len(self.ids)


def find_dropped(corpora: Sequence[Corpus], ids: Iterable[str] = (), sources: Iterable[str] = ()) -> list[Dropped]:
    """What has one of the ``ids``, or comes from one of the ``sources``, in each of the corpora; with a side of a
    comparison goes its other side, in whichever of them it lies.

    Raises:
        ConfigError: a name means no record of any corpus, or nothing would be left of one.
        Tampered: a shard does not match its digest.
    """
    named, whole = set(ids), set(sources)
    comparisons: set[str] = set()
    known: set[str] = set()
    for corpus in corpora:
        for table in corpus.batches():
            mine = table.filter(_named(table, named, whole))
            known |= {*mine["id"].to_pylist(), *mine["source"].to_pylist()}
            comparisons |= set(_comparisons(mine))
    if strange := sorted(named - known):
        more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
        raise ConfigError(f"--id {strange[0]}{more} names no record", f"an id in {_names(corpora)}")
    if strange := sorted(whole - known):
        raise ConfigError(f"--source {strange[0]} names no record", f"a source in {_names(corpora)}")
    found = [_dropped(corpus, named, whole, comparisons) for corpus in corpora]
    for corpus, dropped in zip(corpora, found, strict=True):
        if len(dropped) == corpus.manifest.rows:
            raise ConfigError(
                f"all {len(dropped)} records of corpus {corpus.manifest.name} would be forgotten",
                "some that stay",
                "Revoke the artifact instead: iirl release revoke CONFIG.yaml --artifact REF --reason TEXT",
            )
    return found


def without(corpus: Corpus, dropped: Dropped) -> CorpusManifest:
    """Write the corpus that is left and publish it under its own digest; its name goes on meaning what it meant, until
    ``renamed``. Done before, it is found again.

    Raises:
        Tampered: a shard does not match its digest.
    """
    store, manifest = corpus.store, corpus.manifest
    filesystem, root = store.filesystem()
    with staging(store) as staged:
        shards: list[Shard] = []
        with tallied(store, staged) as tally:
            for number in range(len(manifest.shards)):
                tables = list(_left(corpus, number, dropped, tally))
                if tables:
                    name = shard_name(len(shards))
                    shards.append(write_shard(filesystem, f"{root}/{staged}", name, tables, manifest.kind))
            left = tally.manifest(manifest.name, manifest.kind, manifest.files, shards, _config(corpus, dropped))
        left = replace(left, duplicates=manifest.duplicates, quarantined=manifest.quarantined, reasons=manifest.reasons)
        store.copy(f"{manifest.folder}/{QUARANTINE}", f"{staged}/{QUARANTINE}")
        publish_unnamed(store, staged, left)
    return left


def renamed(corpus: Corpus, left: CorpusManifest) -> bool:
    """Let the name of ``corpus`` mean what is ``left`` of it, so that what is trained from now on does not see the
    others; False where it means another corpus by now, which may hold them.
    """
    newest = read_pointer(corpus.store, pointer_key(corpus.manifest.name))
    if newest == corpus.manifest.digest:
        move_pointer(corpus.store, pointer_key(left.name), left.digest)
    return newest in (corpus.manifest.digest, left.digest)


def forgot(manifest: CorpusManifest) -> tuple[Digest, int] | None:
    """From which corpus it was left, and how many records went; None where none did."""
    recorded = manifest.config.get(FORGOT) if isinstance(manifest.config, Mapping) else None
    if not isinstance(recorded, Mapping):
        return None
    origin, records = recorded.get("from"), recorded.get("records")
    return (Digest(origin), records) if isinstance(origin, str) and isinstance(records, int) else None


def _dropped(corpus: Corpus, ids: set[str], sources: set[str], comparisons: set[str]) -> Dropped:
    found: set[str] = set()
    splits: dict[Split, int] = dict.fromkeys(SPLITS, 0)
    came: set[str] = set()
    for table in corpus.batches():
        mask = _named(table, ids, sources)
        if "comparison" in table.schema.names and comparisons:
            sides = pc.is_in(table["comparison"], pa.array(sorted(comparisons), pa.string()))
            mask = pc.or_(mask, sides)
        gone = table.filter(mask)
        found |= set(gone["id"].to_pylist())
        came |= set(gone["source"].to_pylist())
        for split in gone["split"].to_pylist():
            splits[split] += 1
    return Dropped(corpus.manifest.digest, frozenset(found), frozenset(came), splits)


def _named(table: pa.Table, ids: set[str], sources: set[str]) -> pa.ChunkedArray:
    return pc.or_(
        pc.is_in(table["id"], pa.array(sorted(ids), pa.string())),
        pc.is_in(table["source"], pa.array(sorted(sources), pa.string())),
    )


def _comparisons(table: pa.Table) -> list[str]:
    held = table["comparison"].to_pylist() if "comparison" in table.schema.names else []
    return [one for one in held if one is not None]


def _left(corpus: Corpus, shard: int, dropped: Dropped, tally: Tally) -> Iterator[pa.Table]:
    """What is left of one shard, offered to the tally row by row."""
    gone = pa.array(sorted(dropped.ids), pa.string())
    for whole in corpus.batches(shard=shard):
        table = whole.filter(pc.invert(pc.is_in(whole["id"], gone)))
        counts = table["tokens"].to_pylist() if "tokens" in table.schema.names else [None] * len(table)
        for place, (one, tokens) in enumerate(zip(demonstrations_of(table), counts, strict=True)):
            tally.offer(facts_of(one, tokens), one.source, place)
        if len(table):
            yield table


def _config(corpus: Corpus, dropped: Dropped) -> JsonValue:
    """The digest of the ids binds them without telling them."""
    recorded = corpus.manifest.config
    said: JsonValue = {
        "from": corpus.manifest.digest,
        "records": len(dropped),
        "ids": digest_json(sorted(dropped.ids)),
    }
    return {**(recorded if isinstance(recorded, dict) else {}), FORGOT: said}


def _names(corpora: Sequence[Corpus]) -> str:
    return ", ".join(corpus.manifest.name for corpus in corpora)
