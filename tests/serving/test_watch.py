from __future__ import annotations

import numpy as np
import pytest

from iirl_core.demonstration import Trajectory, conversation
from serving import watch as watched
from serving.watch import FARTHEST
from tests.serving.scores import score, watch

ITEMS = [conversation("Open?", f"Until {place}.") for place in range(64)]
FAR = [score(distance=0.9 + place / 1e3) for place in range(64)]


def test_a_window_is_full_after_so_many_inputs_however_they_were_asked() -> None:
    at_once, one_by_one = watch(window=32), watch(window=32)
    windows = list(at_once.answered(ITEMS, FAR))
    singly = [full for item, one in zip(ITEMS, FAR, strict=True) for full in one_by_one.answered([item], [one])]
    assert windows == singly
    assert [window.drift.found for window in windows] == [True, True]
    assert windows[0].farthest == tuple(ITEMS[31 : 31 - FARTHEST : -1])


def test_what_is_asked_again_waits_once() -> None:
    same = [ITEMS[0]] * 60 + ITEMS[1:5]
    (window,) = watch(window=64).answered(same, FAR)
    assert set(window.farthest) == set(ITEMS[:5])


def test_an_input_too_large_to_wait_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "LARGEST", 100)
    large = Trajectory(np.zeros((50, 3), np.float32))
    (window,) = watch(window=64).answered([large] * 64, FAR)
    assert window.drift.found
    assert window.farthest == ()
