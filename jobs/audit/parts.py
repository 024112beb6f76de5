"""The parts of a round, in the store: asked where they are missing, read where they are there.

    audits/DIGEST/ROUND/parts-PLAN/000000.parquet …

PLAN follows from everything that decides what is found, so that parts of another plan are never taken for ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from iirl_core.audit import ChunkResult, part_from_bytes, part_to_bytes
from iirl_core.canonical import Digest, digest_bytes
from iirl_core.errors import ArtifactError
from iirl_core.release import audit_file
from iirl_core.store import Store
from jobs.audit.plan import TOGETHER
from jobs.scorer import Chunk

Ask = Callable[[Sequence[Chunk]], Iterable[tuple[int, ChunkResult]]]
"""Chunks → the place of each among them, and its result, in any order."""


@dataclass(frozen=True)
class Parts:
    """Of one round about ``digest``: ``chunks``, ``TOGETHER`` of them to a part."""

    store: Store
    digest: Digest
    round: int
    plan: str
    chunks: tuple[Chunk, ...]
    coverage_points: int

    @property
    def count(self) -> int:
        """How many there are in all."""
        return -(-len(self.chunks) // TOGETHER)

    def name(self, number: int) -> str:
        """The file of one, below the round's folder."""
        return f"parts-{self.plan}/{number:06d}.parquet"

    def there(self) -> list[int]:
        """Those that are done, by one look into the folder."""
        keys = set(self.store.list(audit_file(self.digest, self.round, f"parts-{self.plan}/")))
        return [number for number in range(self.count) if self._key(number) in keys]

    def results(self, ask: Ask) -> Iterator[tuple[int, Digest, ChunkResult]]:
        """Every part with the digest of its file: those that are there first, then the others as they are done.

        Raises:
            ArtifactError: one that is there cannot be read.
        """
        done = self.there()
        for number in done:
            data = self.store.get(self._key(number))
            yield number, digest_bytes(data), self._read(number, data)
        missing = sorted(set(range(self.count)).difference(done))
        places = [place for number in missing for place in self._places(number)]
        waiting: dict[int, list[ChunkResult]] = {}
        for index, result in ask([self.chunks[place] for place in places]):
            number = places[index] // TOGETHER
            waiting.setdefault(number, []).append(result)
            if len(waiting[number]) == len(self._places(number)):
                merged = ChunkResult.merge(waiting.pop(number), None, self.coverage_points)
                data = part_to_bytes(merged)
                self.store.put(self._key(number), data)
                yield number, digest_bytes(data), merged

    def _read(self, number: int, data: bytes) -> ChunkResult:
        try:
            return part_from_bytes(data)
        except ArtifactError as error:
            todo = "Remove that file, then run iirl audit CONFIG.yaml --resume: it asks what was in it again"
            raise ArtifactError(f"{self._key(number)} in {self.store.url}: {error.wrong}", todo=todo) from error

    def _places(self, number: int) -> range:
        return range(number * TOGETHER, min((number + 1) * TOGETHER, len(self.chunks)))

    def _key(self, number: int) -> str:
        return audit_file(self.digest, self.round, self.name(number))
