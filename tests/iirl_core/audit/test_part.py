from __future__ import annotations

import io
import json
import random
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from iirl_core.audit import ChunkResult, findings_to_bytes, part_from_bytes, part_to_bytes
from iirl_core.audit.part import FORMAT, TOLD
from iirl_core.errors import ArtifactError
from tests.iirl_core.audit.test_chunk import chunk


def test_a_part_survives_its_bytes() -> None:
    result = replace(chunk(), refuted=3)
    again = part_from_bytes(part_to_bytes(result))
    assert [one.id for one in again.findings] == [one.id for one in result.findings]
    assert [one.excess for one in again.findings] == [one.excess for one in result.findings]
    assert (again.asked, again.families, again.histogram, again.refuted) == (200, result.families, result.histogram, 3)
    assert again.cells == result.cells
    assert again.examples == result.examples
    assert np.array_equal(again.reservoir.points, result.reservoir.points)
    assert np.array_equal(again.reservoir.keys, result.reservoir.keys)
    assert part_to_bytes(again) == part_to_bytes(result)


def test_whoever_changes_what_a_part_holds_counts_its_format_up() -> None:
    metadata = pq.read_schema(io.BytesIO(part_to_bytes(chunk()))).metadata
    told = json.loads(metadata[TOLD])
    assert FORMAT == 3, "then what follows is another, and plans too"
    assert " ".join(sorted(told)) == (
        "asked cells examples families histogram keys moving points refuted strangers unplaced"
    )
    assert {len(cell) for cell in told["cells"]} == {6}


def test_anybody_can_read_the_findings_of_a_part() -> None:
    result = chunk()
    table = pq.read_table(io.BytesIO(part_to_bytes(result)))
    assert table["id"].to_pylist() == [one.id for one in result.findings]


def test_equal_chunks_make_equal_parts_in_whatever_order_they_came() -> None:
    chunks = [chunk(number) for number in range(4)]
    first = part_to_bytes(ChunkResult.merge(chunks, None, 64))
    random.Random(0).shuffle(chunks)
    assert part_to_bytes(ChunkResult.merge(chunks, None, 64)) == first


def test_what_is_no_part_is_refused() -> None:
    whole = part_to_bytes(chunk())
    for data in (b"", whole[: len(whole) // 2], findings_to_bytes(chunk().findings)):
        with pytest.raises(ArtifactError, match="a part of an audit"):
            part_from_bytes(data)
