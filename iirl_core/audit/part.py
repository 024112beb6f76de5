"""A Part: chunks of an audit that belong together, with all their verified findings, as one Parquet file.

An audit of any size is a row of parts. Each is written whole when its chunks are done, so that an audit that was
interrupted goes on with the parts it has; and which chunks a part holds follows from the plan alone, so that equal
audits have equal files, whoever worked on them in whatever order.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from iirl_core.audit.cell import cell_document, cell_from
from iirl_core.audit.chunk import ChunkResult
from iirl_core.audit.example import Example
from iirl_core.audit.family_result import FamilyResult
from iirl_core.audit.reservoir import Reservoir
from iirl_core.audit.table import findings_of, findings_table
from iirl_core.audit.unshown import Stranger, Strangers
from iirl_core.canonical import JsonValue, canonical_json
from iirl_core.errors import ArtifactError

F = TypeVar("F", np.float32, np.float64)
FORMAT = 3
"""Of what a part holds, and of how a chunk is judged: counted up with either, so that no audit mixes parts from before
with new ones.
"""
TOLD = b"iirl.part"
"""The key, in the file's own metadata, of everything but the findings."""


def part_to_bytes(result: ChunkResult) -> bytes:
    """Parquet: a row a finding; counts, histogram and reservoir in the schema's metadata."""
    told: dict[str, JsonValue] = {
        "asked": result.asked,
        "refuted": result.refuted,
        "families": [[one.family, one.norm, one.asked, one.spoken, one.broken, one.steered] for one in result.families],
        "histogram": list(result.histogram),
        "cells": [cell_document(one) for one in result.cells],
        "examples": [[one.situation, one.apart, one.text] for one in result.examples],
        "moving": result.moving,
        "unplaced": result.unplaced,
        "strangers": [
            result.strangers.count,
            [[one.key, one.family, list(one.point), one.text] for one in result.strangers.sample],
        ],
        "points": _encoded(result.reservoir.points),
        "keys": _encoded(result.reservoir.keys),
    }
    table = findings_table(result.findings).replace_schema_metadata({TOLD: canonical_json(told)})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def part_from_bytes(data: bytes) -> ChunkResult:
    """The inverse of ``part_to_bytes``.

    Raises:
        ArtifactError: these bytes are no part of an audit.
    """
    try:
        table = pq.read_table(io.BytesIO(data))
        told = json.loads((table.schema.metadata or {})[TOLD])
        return ChunkResult(
            asked=int(told["asked"]),
            families=tuple(FamilyResult(*one) for one in told["families"]),
            findings=tuple(findings_of(table.replace_schema_metadata(None))),
            reservoir=Reservoir(_decoded(told["points"], np.float32), _decoded(told["keys"], np.float64)),
            histogram=tuple(int(bar) for bar in told["histogram"]),
            refuted=int(told["refuted"]),
            moving=int(told["moving"]),
            unplaced=int(told.get("unplaced", 0)),
            cells=tuple(map(cell_from, told["cells"])),
            examples=tuple(Example(*one) for one in told["examples"]),
            strangers=_strangers(*told.get("strangers", (0, ()))),
        )
    except (pa.ArrowInvalid, OSError, KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"a part of an audit that cannot be read ({type(error).__name__}: {error})") from error


def _strangers(count: int, sample: Sequence[tuple[float, str, list[float], str]]) -> Strangers:
    return Strangers(count, tuple(Stranger(key, family, tuple(point), text) for key, family, point, text in sample))


def _encoded(array: NDArray[np.float32] | NDArray[np.float64]) -> JsonValue:
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return [list(array.shape), base64.b64encode(little.tobytes()).decode()]


def _decoded(document: tuple[list[int], str], kind: type[F]) -> NDArray[F]:
    shape, data = document
    flat = np.frombuffer(base64.b64decode(data), np.dtype(kind).newbyteorder("<"))
    return flat.astype(kind).reshape(shape)
