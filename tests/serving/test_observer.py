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


def test_what_the_store_does_not_take_is_tried_again(capsys: pytest.CaptureFixture[str]) -> None:
    tries: list[int] = []
    kept = threading.Event()

    def keep(batch: Sequence[Observation]) -> None:
        tries.append(len(batch))
        if len(tries) == 1:
            raise NotFound("no store")
        kept.set()

    watching = Observer(keep, watch(), {"reported": 9}, every=0.01)
    assert watching.reported([ITEM, ITEM], "odd") == 2
    assert kept.wait(10)
    watching.close()
    assert tries == [2, 2]
    assert "2 observations could not be kept: no store" in capsys.readouterr().err


def test_what_waits_is_bounded_and_what_was_lost_is_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(observer, "ROOM", 3)
    kept: list[Observation] = []
    watching = Observer(kept.extend, watch(), {"reported": 9}, every=60)
    assert [watching.reported([ITEM] * 2, "odd") for _ in range(3)] == [2, 1, 0]
    watching.close()
    assert len(kept) == 3
    assert "3 observations found no room" in capsys.readouterr().err


def test_large_inputs_find_less_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer, "ROOM_BYTES", 40)
    watching = Observer(list, watch(), {"reported": 9}, every=60)
    assert watching.reported([conversation("Open?", "x" * 20), conversation("Open?", "x" * 20)], "odd") == 1
    watching.close()


def test_the_farthest_requests_of_a_window_that_drifted_are_kept_and_the_drift_is_said_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept: list[Observation] = []
    watching = Observer(kept.extend, watch(window=64), {"drift": 3}, every=60)
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
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[2].partition(":")[0] for line in said] == [
        " requests drift",
        " no longer sure that requests drift",
    ]
