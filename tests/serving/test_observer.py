from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from iirl_core.demonstration import conversation
from iirl_core.errors import NotFound
from iirl_core.observation import Observation
from serving import observer
from serving.observer import Observer

ITEM = conversation("Open?", "Until six.")


def test_what_the_store_does_not_take_is_tried_again(capsys: pytest.CaptureFixture[str]) -> None:
    tries: list[int] = []
    kept = threading.Event()

    def keep(batch: Sequence[Observation]) -> None:
        tries.append(len(batch))
        if len(tries) == 1:
            raise NotFound("no store")
        kept.set()

    watching = Observer(keep, escalated=0, reported=9, every=0.01)
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
    watching = Observer(kept.extend, escalated=0, reported=9, every=60)
    assert [watching.reported([ITEM] * 2, "odd") for _ in range(3)] == [2, 1, 0]
    watching.close()
    assert len(kept) == 3
    assert "3 observations found no room" in capsys.readouterr().err


def test_large_inputs_find_less_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer, "ROOM_BYTES", 40)
    watching = Observer(list, escalated=0, reported=9, every=60)
    assert watching.reported([conversation("Open?", "x" * 20), conversation("Open?", "x" * 20)], "odd") == 1
    watching.close()
