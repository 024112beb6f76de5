"""A corpus in the store, read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from iirl_core.canonical import Digest, digest_chunks, folder_of
from iirl_core.corpus.manifest import CorpusManifest, Shard, manifest_from
from iirl_core.corpus.publishing import MANIFEST, QUARANTINE, pointer_key
from iirl_core.corpus.tables import GROUP_ROWS, demonstrations_of
from iirl_core.demonstration import Demonstration, Split
from iirl_core.errors import NotFound, Tampered
from iirl_core.records.raw import Quarantined
from iirl_core.store.pointer import read_pointer
from iirl_core.store.protocol import Store

READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Corpus:
    """A published corpus; immutable. A shard is checked against its digest before its first row is given out."""

    store: Store
    manifest: CorpusManifest
    _checked: set[str] = field(default_factory=set, repr=False, compare=False)

    def demonstrations(self, split: Split | None = None) -> Iterator[Demonstration]:
        """The demonstrations of one split (None: of all), in order, in constant memory.

        Raises:
            Tampered: a shard does not match its digest.
        """
        for batch in self.batches(split):
            yield from demonstrations_of(batch)

    def batches(self, split: Split | None = None, *, shard: int | None = None) -> Iterator[pa.Table]:
        """The same rows as Arrow tables (``SCHEMAS[manifest.kind]``) of at most a row group; those of one ``shard``
        (None: of all).

        Raises:
            Tampered: as ``demonstrations``.
        """
        filesystem, _ = self.store.filesystem()
        places = range(len(self.manifest.shards)) if shard is None else (shard,)
        paths = self.paths()
        for place in places:
            path = paths[place]
            self._check(self.manifest.shards[place], path)
            with filesystem.open_input_file(path) as stream, pq.ParquetFile(stream) as parquet:
                for batch in parquet.iter_batches(GROUP_ROWS[self.manifest.kind]):
                    table = pa.Table.from_batches([batch])
                    if split is not None:
                        table = table.filter(pc.equal(table.column("split"), split))
                    if len(table):
                        yield table

    def sources(self) -> set[str]:
        """Where its records came from: every ``source`` among them."""
        filesystem, _ = self.store.filesystem()
        columns = (pq.read_table(path, columns=["source"], filesystem=filesystem)["source"] for path in self.paths())
        return {source for column in columns for source in pc.unique(column).to_pylist()}

    def weighs(self, split: Split) -> bool:
        """Whether any record of a split has a weight above 0; reads shards up to the first that holds one.

        Raises:
            Tampered: as ``demonstrations``.
        """
        filesystem, _ = self.store.filesystem()
        for shard, path in zip(self.manifest.shards, self.paths(), strict=True):
            self._check(shard, path)
            table = pq.read_table(path, columns=["split", "weight"], filesystem=filesystem)
            if pc.any(pc.greater(table.filter(pc.equal(table["split"], split))["weight"], 0)).as_py():
                return True
        return False

    def quarantined(self) -> Iterator[Quarantined]:
        """The rows that were set aside."""
        data = self.store.get(f"{self.manifest.folder}/{QUARANTINE}")
        for line in data.splitlines():
            yield Quarantined(**json.loads(line))

    def paths(self) -> list[str]:
        """The shards in the store's file system, in order (for readers that run elsewhere)."""
        _, root = self.store.filesystem()
        folder = self.manifest.folder
        return [f"{root}/{folder}/{shard.file}" for shard in self.manifest.shards]

    def verify(self) -> None:
        """Check every shard against its digest, for readers that open ``paths`` elsewhere.

        Raises:
            Tampered: one does not match.
        """
        for shard, path in zip(self.manifest.shards, self.paths(), strict=True):
            self._check(shard, path)

    def _check(self, shard: Shard, path: str) -> None:
        if shard.file in self._checked:
            return
        filesystem, _ = self.store.filesystem()
        try:
            with filesystem.open_input_stream(path, compression=None) as stream:
                found = digest_chunks(iter(lambda: stream.read(READ_BYTES), b""))
        except FileNotFoundError as error:
            raise Tampered(f"{shard.file} of corpus {self.manifest.name} is gone", todo="Ingest it again") from error
        if found != shard.digest:
            raise Tampered(f"{shard.file} of corpus {self.manifest.name} was changed", todo="Ingest it again")
        self._checked.add(shard.file)


def read_corpus(store: Store, name: str, digest: Digest | None = None) -> Corpus:
    """The corpus ``name`` under ``digest`` (None: the newest).

    Raises:
        NotFound: there is none.
        Tampered: its manifest does not match its digest.
    """
    wanted = digest or read_pointer(store, pointer_key(name))
    if wanted is None:
        raise NotFound(f"no corpus {name} in {store.url}", todo="Make it with: iirl ingest CONFIG.yaml")
    data = store.get(f"corpora/{name}/{folder_of(Digest(wanted))}/{MANIFEST}")
    try:
        document = json.loads(data)
    except ValueError as error:
        raise Tampered(f"the manifest of corpus {name} is not JSON", todo="Ingest it again") from error
    manifest = manifest_from(document if isinstance(document, dict) else {})
    if manifest.digest != wanted or manifest.name != name:
        raise Tampered(f"corpus {name} is not the one named {wanted}", todo="Ingest it again")
    return Corpus(store, manifest)
