import numpy as np
import pytest

from iirl_core.demonstration import Trajectory
from iirl_core.records import segments, shares


@pytest.mark.parametrize(("steps", "lengths"), [(None, [7]), (7, [7]), (9, [7]), (3, [3, 3, 1]), (1, [1] * 7)])
def test_segments_cover_the_trajectory_once_and_only_the_last_is_terminal(steps, lengths):
    whole = Trajectory(np.arange(14).reshape(7, 2), np.arange(7).reshape(7, 1), terminal=True)
    cut = segments(whole, steps)
    assert [len(each) for each in cut] == lengths
    assert np.array_equal(np.concatenate([each.observations for each in cut]), whole.observations)
    assert np.array_equal(np.concatenate([each.actions for each in cut]), whole.actions)
    assert [each.terminal for each in cut] == [False] * (len(cut) - 1) + [True]


@pytest.mark.parametrize(
    ("fractions", "lengths"),
    [
        ((0.7, 0.15, 0.15), [7, 1, 2]),
        ((0.5, 0.5, 0), [5, 5, None]),
        ((0, 0, 1), [None, None, 10]),
        ((0.99, 0.01, 0), [10, None, None]),
    ],
)
def test_shares_are_a_trajectorys_steps_in_order_and_only_the_whole_can_be_terminal(fractions, lengths):
    whole = Trajectory(np.arange(20).reshape(10, 2), np.arange(10).reshape(10, 1), terminal=True)
    parts = shares(whole, fractions)
    assert [None if part is None else len(part) for part in parts] == lengths
    there = [part for part in parts if part is not None]
    assert np.array_equal(np.concatenate([part.observations for part in there]), whole.observations)
    assert np.array_equal(np.concatenate([part.actions for part in there]), whole.actions)
    assert [part.terminal for part in there] == [len(there) == 1] * len(there)
