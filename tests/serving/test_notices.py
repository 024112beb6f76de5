"""Notices: told by replicas, printed once, and logged where Ray Serve logs."""

from __future__ import annotations

import io
import logging
from logging.handlers import MemoryHandler

import pytest

from serving import notices
from serving.notices import Notices, Teller, log, log_as_serve_does


def test_what_was_told_is_taken_once_in_its_order() -> None:
    waiting = Notices()
    waiting.tell("one")
    waiting.tell("two")
    assert waiting.take() == ["one", "two"]
    assert waiting.take() == []


def test_what_waits_is_bounded_and_what_does_not_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "ROOM", 2)
    waiting = Notices()
    for text in ("one", "two", "three"):
        waiting.tell(text)
    assert waiting.take() == ["one", "two", "more of these, in the replicas' logs alone: 1"]
    assert waiting.take() == []


def test_where_nobody_prints_it_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    Teller()("requests drift")
    assert [record.message for record in caplog.records] == ["requests drift"]


def test_our_records_go_where_serve_writes_its_own_and_go_there_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "handlers", [])
    there = logging.NullHandler()
    monkeypatch.setattr(logging.getLogger("ray.serve"), "handlers", [there])
    log_as_serve_does()
    log_as_serve_does()
    assert log.handlers == [there]


def test_what_was_told_is_in_the_log_at_once_though_serve_gathers_records_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = io.StringIO()
    gathering = MemoryHandler(1000, target=logging.StreamHandler(written))
    monkeypatch.setattr(log, "handlers", [gathering])
    Teller()("requests drift")
    assert written.getvalue() == "requests drift\n"


@pytest.mark.ray
def test_a_reader_that_went_away_ends_nothing(ray_session: None, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    actor = notices.start_notices()
    Teller(actor)("requests drift")
    monkeypatch.setattr("sys.stderr", Closed())
    notices.Printer(actor)()


@pytest.mark.ray
def test_what_an_actor_is_slow_to_hand_on_is_printed_when_it_comes(
    ray_session: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    actor = notices.start_notices()
    Teller(actor)("requests drift")
    print_new = notices.Printer(actor)
    with monkeypatch.context() as slow:
        slow.setattr(notices, "SECONDS", 0)  # the actor has not even started
        print_new()
    assert "in their logs alone for now" in capsys.readouterr().err
    monkeypatch.setattr(notices, "SECONDS", 60)
    Teller(actor)("closing")
    print_new()
    assert capsys.readouterr().err == "iirl: requests drift\niirl: closing\n", "also what was told since"


@pytest.mark.ray
def test_an_actor_hands_on_what_it_was_told_and_its_loss_is_said_once_and_ends_nothing(
    ray_session: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import ray

    monkeypatch.setattr(notices, "SECONDS", 60)
    actor = notices.start_notices()
    print_new = notices.Printer(actor)
    Teller(actor)("requests drift")
    print_new()
    assert capsys.readouterr().err == "iirl: requests drift\n"
    ray.kill(actor, no_restart=True)
    told = ""
    while not told:  # it takes a moment to die
        print_new()
        told = capsys.readouterr().err
    assert told.startswith("iirl: what replicas have to say is in their logs alone for now (")
    assert told.count("\n") == 1
    print_new()
    assert capsys.readouterr().err == ""
