"""The prompts of a run and their answers, in chunks: what a run that was killed goes on from.

runs/NAME/sample-RUN/{prompts-000000.parquet …, prompts.json, answers-000000.parquet …}
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq

from iirl_core.canonical import Digest, canonical_json
from iirl_core.corpus import Corpus, demonstrations_of, table_of
from iirl_core.corpus.identity import split_key
from iirl_core.corpus.seen import SeenIds
from iirl_core.demonstration import Demonstration, Split
from iirl_core.store.protocol import Store
from jobs.sample.task import ANSWERS

PROMPTS = 64
"""Prompts of a chunk: what is lost at most, times the number of samplers, when a run is killed."""
WHOLE = "prompts.json"


@dataclass(frozen=True)
class Chunks:
    """Under ``folder`` of the store."""

    store: Store
    folder: str

    def write_prompts(self, corpus: Corpus, splits: Sequence[Split], limit: int | None) -> None:
        """Each different prompt of the splits once, in order; nothing where that was done before."""
        if self.store.exists(f"{self.folder}/{WHOLE}"):
            return
        prompts = islice(_distinct(corpus, splits), limit)
        count = chunks = 0
        while rows := list(islice(prompts, PROMPTS)):
            self.store.put(self._key("prompts", chunks), _bytes(table_of(rows, "conversation")))
            count, chunks = count + len(rows), chunks + 1
        self.store.put(f"{self.folder}/{WHOLE}", canonical_json({"prompts": count}))

    @property
    def count(self) -> int:
        """How many prompts there are."""
        return int(json.loads(self.store.get(f"{self.folder}/{WHOLE}"))["prompts"])

    def sizes(self) -> list[int]:
        """How many prompts each chunk has."""
        count = self.count
        return [min(PROMPTS, count - start) for start in range(0, count, PROMPTS)]

    def pending(self) -> list[int]:
        """The chunks without answers."""
        return [index for index in range(len(self.sizes())) if not self.store.exists(self._key("answers", index))]

    def prompts(self, index: int) -> list[Demonstration]:
        """The records whose prompts a chunk holds."""
        return list(demonstrations_of(_table(self.store.get(self._key("prompts", index)))))

    def put_answers(self, index: int, answers: pa.Table) -> None:
        """Keep the whole answers of a chunk, whatever their order."""
        ordered = answers.cast(ANSWERS).sort_by([("prompt", "ascending"), ("number", "ascending")])
        self.store.put(self._key("answers", index), _bytes(ordered))

    def answers(self, index: int) -> pa.Table:
        """Rows of ``ANSWERS``, in order."""
        return _table(self.store.get(self._key("answers", index)))

    def remove(self) -> None:
        """All of it; first what says that it is whole, so that what an interruption leaves is no run to go on with."""
        filesystem, root = self.store.filesystem()
        with suppress(FileNotFoundError):
            filesystem.delete_file(f"{root}/{self.folder}/{WHOLE}")
        with suppress(FileNotFoundError):
            filesystem.delete_dir(f"{root}/{self.folder}")

    def _key(self, what: str, index: int) -> str:
        return f"{self.folder}/{what}-{index:06d}.parquet"


def _distinct(corpus: Corpus, splits: Sequence[Split]) -> Iterator[Demonstration]:
    with SeenIds() as seen:
        for one in corpus.demonstrations():
            if one.split in splits and seen.add(prompt_key(one).encode()):
                yield one


def prompt_key(one: Demonstration) -> str:
    """What names a prompt: the hash of all that stands before the answer."""
    return split_key(one.input, Digest(one.id))


def _bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _table(data: bytes) -> pa.Table:
    return pq.read_table(pa.BufferReader(data))
