import numpy as np
import pytest

from iirl_core.demonstration import Trajectory
from iirl_core.records import segments


@pytest.mark.parametrize(("steps", "lengths"), [(None, [7]), (7, [7]), (9, [7]), (3, [3, 3, 1]), (1, [1] * 7)])
def test_segments_cover_the_trajectory_once_and_only_the_last_is_terminal(steps, lengths):
    whole = Trajectory(np.arange(14).reshape(7, 2), np.arange(7).reshape(7, 1), terminal=True)
    cut = segments(whole, steps)
    assert [len(each) for each in cut] == lengths
    assert np.array_equal(np.concatenate([each.observations for each in cut]), whole.observations)
    assert np.array_equal(np.concatenate([each.actions for each in cut]), whole.actions)
    assert [each.terminal for each in cut] == [False] * (len(cut) - 1) + [True]
