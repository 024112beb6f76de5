from __future__ import annotations

import weakref

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


def test_where_none_is_wanted_no_input_waits_and_drift_is_found_all_the_same() -> None:
    asked = [conversation("Open?", f"Until {place}.") for place in range(48)]
    watching = watch(window=32, farthest=0)
    (window,) = watching.answered(asked, FAR[:48])
    assert (window.drift.found, window.farthest) == (True, ())
    seen = [weakref.ref(item) for item in asked]
    del asked
    assert not any(one() for one in seen), "16 inputs of a window that is not full"


def test_of_fewer_that_are_wanted_the_farthest_wait() -> None:
    (window,) = watch(window=64, farthest=2).answered(ITEMS, FAR)
    assert window.farthest == (ITEMS[63], ITEMS[62])


def test_an_input_too_large_to_wait_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "LARGEST", 100)
    large = Trajectory(np.zeros((50, 3), np.float32))
    (window,) = watch(window=64).answered([large] * 64, FAR)
    assert window.drift.found
    assert window.farthest == ()
