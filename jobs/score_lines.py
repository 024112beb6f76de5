"""The rows that ``iirl score`` answers with, and where they are written."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from iirl_core.errors import ConfigError


@dataclass(frozen=True)
class Line:
    """One row of the answer, flat, the same in JSONL and Parquet. ``line`` counts as the file does, from 1."""

    source: str
    line: int
    side: str | None = None
    reward: float | None = None
    signal: float | None = None
    uncertainty: float | None = None
    disagreement: float | None = None
    support_distance: float | None = None
    unpatched_reward: float | None = None
    reshaped: float | None = None
    suppressed: float | None = None
    boosted: float | None = None
    patches: tuple[str, ...] = ()
    gate: tuple[float, ...] = ()
    step_rewards: tuple[float, ...] = ()
    tokens: int | None = None
    truncated: bool | None = None
    error: str | None = None


_TYPES = {
    "source": pa.string(),
    "line": pa.int64(),
    "side": pa.string(),
    "patches": pa.list_(pa.string()),
    "gate": pa.list_(pa.float64()),
    "step_rewards": pa.list_(pa.float64()),
    "tokens": pa.int64(),
    "truncated": pa.bool_(),
    "error": pa.string(),
}
SCHEMA = pa.schema([(name, _TYPES.get(name, pa.float64())) for name in Line.__dataclass_fields__])


@contextmanager
def writer(out: str | None) -> Iterator[Callable[[list[Line]], None]]:
    """Writes rows; a file appears under its name when it is whole."""
    if out is None:
        yield lambda lines: sys.stdout.writelines(_json(line) for line in lines)
        return
    target, partial = Path(out), Path(out + ".partial")
    if target.suffix not in (".jsonl", ".parquet"):
        raise ConfigError(f"--out {out}", "a name that ends in .jsonl or .parquet")
    try:
        if target.suffix == ".parquet":
            with pq.ParquetWriter(partial, SCHEMA) as table:
                yield lambda lines: table.write_table(pa.Table.from_pylist([asdict(line) for line in lines], SCHEMA))
        else:
            with partial.open("w", encoding="utf-8") as text:
                yield lambda lines: text.writelines(_json(line) for line in lines)
        partial.replace(target)
    except OSError as error:
        raise ConfigError(
            f"--out {out} cannot be written ({error.strerror})", "a file in a folder that exists"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _json(line: Line) -> str:
    return json.dumps(asdict(line), ensure_ascii=False, allow_nan=False) + "\n"
