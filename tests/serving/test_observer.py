from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from iirl_core.demonstration import conversation
from iirl_core.errors import NotFound
from iirl_core.observation import Observation
from serving import observer
from serving.observer import Observer
from tests.serving.scores import score, watch

ITEM = conversation("Open?", "Until six.")


def test_what_the_store_does_not_take_is_tried_again() -> None:
    tries: list[int] = []
    kept = threading.Event()
    said: list[str] = []

    def keep(batch: Sequence[Observation]) -> None:
        tries.append(len(batch))
        if len(tries) == 1:
            raise NotFound("no store")
        kept.set()

    watching = Observer(keep, watch(), {"reported": 9}, said.append, every=0.01)
    assert watching.reported([ITEM, ITEM], "odd") == 2
    assert kept.wait(10)
    watching.close()
    assert tries == [2, 2]
    assert [line.partition(": no store")[0] for line in said] == ["2 observations could not be kept"]


def test_what_waits_is_bounded_and_what_was_lost_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer, "ROOM", 3)
    kept: list[Observation] = []
    said: list[str] = []
    watching = Observer(kept.extend, watch(), {"reported": 9}, said.append, every=60)
    assert [watching.reported([ITEM] * 2, "odd") for _ in range(3)] == [2, 1, 0]
    watching.close()
    assert len(kept) == 3
    assert said == ["3 observations found no room"]


def test_large_inputs_find_less_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer, "ROOM_BYTES", 40)
    watching = Observer(list, watch(), {"reported": 9}, print, every=60)
    assert watching.reported([conversation("Open?", "x" * 20), conversation("Open?", "x" * 20)], "odd") == 1
    watching.close()


def test_the_farthest_requests_of_a_window_that_drifted_are_kept_and_the_drift_is_said_once() -> None:
    kept: list[Observation] = []
    said: list[str] = []
    watching = Observer(kept.extend, watch(window=64), {"drift": 3}, said.append, every=60)
    items = [conversation("Open?", f"Until {place}.") for place in range(64)]
    near, far = (
        [score(distance=place / 128) for place in range(64)],
        [score(distance=0.9 + place / 1e3) for place in range(64)],
    )
    for scores in (near, far, far, near):
        watching.answered(items, scores)
    watching.close()
    assert [one.input for one in kept] == items[:-4:-1]
    assert {one.reason for one in kept} == {"drift"}
    assert kept[0].note.startswith("one of requests farther from the demonstrations than the guard set")
    assert [line.partition(":")[0] for line in said] == ["requests drift", "no longer sure that requests drift"]
