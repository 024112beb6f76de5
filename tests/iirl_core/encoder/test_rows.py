from __future__ import annotations

import numpy as np
import pytest

from iirl_core.config.encoding import TrajectoryEncoderSection
from iirl_core.config.rows import ROW_KINDS, RowKind
from iirl_core.demonstration import Trajectory
from iirl_core.encoder.rows import rows_of, sight_of, stretch_of

LENGTH = 6
WALK = Trajectory(np.random.default_rng(0).normal(size=(LENGTH, 2)), np.arange(LENGTH)[:, None], terminal=True)


@pytest.mark.parametrize("rows", ROW_KINDS)
@pytest.mark.parametrize("step", range(LENGTH))
def test_what_a_row_looks_at_makes_the_same_row_and_nothing_less_does(rows: RowKind, step: int) -> None:
    window = 3 if rows == "windows" else 1
    row = rows_of(WALK, rows, window)[step]
    sight = sight_of(rows, step, LENGTH, window)
    assert np.array_equal(rows_of(stretch_of(WALK, sight), rows, window)[step - sight.start], row)
    for less in (sight[1:], sight[:-1]):
        if step in less:
            assert not np.array_equal(rows_of(stretch_of(WALK, less), rows, window)[step - less.start], row)


def test_only_a_stretch_that_holds_the_end_ended_by_itself() -> None:
    assert stretch_of(WALK, range(4, 6)).terminal
    assert not stretch_of(WALK, range(4, 5)).terminal


@pytest.mark.parametrize("rows", ROW_KINDS)
def test_a_configuration_knows_how_wide_its_rows_are(rows: RowKind) -> None:
    window = 3 if rows == "windows" else None
    section = TrajectoryEncoderSection(rows=rows, window=window)
    assert section.row_width(2, 1) == rows_of(WALK, rows, window or 1).shape[1]
