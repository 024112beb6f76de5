"""Which rows of which parts make which shard, decided while the facts come in."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Run:
    """Rows ``start … stop`` of one part."""

    part: str
    start: int
    stop: int


@dataclass
class ShardPlans:
    """Grows row by row; ``shards[i]`` are the runs of shard ``i``, in order. Memory goes with the number of runs, that
    is with parts and gaps, not with rows.
    """

    rows_per_shard: int
    shards: list[list[Run]] = field(default_factory=list)
    _rows: int = 0

    def add(self, part: str, place: int) -> None:
        """Keep row ``place`` of ``part``."""
        if self._rows % self.rows_per_shard == 0:
            self.shards.append([])
        self._rows += 1
        runs = self.shards[-1]
        if runs and runs[-1].part == part and runs[-1].stop == place:
            runs[-1] = Run(part, runs[-1].start, place + 1)
        else:
            runs.append(Run(part, place, place + 1))
