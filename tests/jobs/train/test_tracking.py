"""Trackers are told each step once, by whichever process comes next."""

from __future__ import annotations

import importlib.util
import io
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from rich.console import Console
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_writer import masked_crc32c

from iirl_core.errors import ClusterError, ConfigError
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.train.event_files import EventFiles
from jobs.train.journal import METRICS
from jobs.train.tracking import Line, Tracking, check_trackers, read_lines

FOLDER = "runs/walks/0123456789abcdef"


def journal(store: DirectoryStore, steps: int) -> None:
    """What a run of ``steps`` steps leaves, with an evaluation every second one."""
    lines = []
    for step in range(1, steps + 1):
        line = {"step": step, "epoch": 0, "loss": 1 / step, "learning_rate": 0.1, "seconds": 2.0}
        lines.append({**line, **({"held_out_loss": 2 / step, "held_out_accuracy": 0.5} if step % 2 == 0 else {})})
    store.put(f"{FOLDER}/{METRICS}", "".join(json.dumps(line) + "\n" for line in lines).encode())


def tracking(store: DirectoryStore, asked: Sequence[str] = (), said: io.StringIO | None = None) -> Tracking:
    return Tracking(store, FOLDER, asked, Progress(Console(file=said or io.StringIO(), width=200)))  # type: ignore[arg-type]


def events(store: DirectoryStore) -> list[tuple[str, int, float]]:
    """All numbers in the event files, in the order in which TensorBoard reads them."""
    found = []
    for key in store.list(f"{FOLDER}/tensorboard/"):
        assert "tfevents" in key
        data = store.get(key)
        while data:
            size = int.from_bytes(data[:8], "little")
            assert masked_crc32c(data[:8]) == int.from_bytes(data[8:12], "little")
            event = Event.FromString(data[12 : 12 + size])
            found += [(value.tag, event.step, value.simple_value) for value in event.summary.value]
            data = data[16 + size :]
    return found


def test_a_run_that_goes_on_neither_repeats_nor_skips_a_step(store: DirectoryStore) -> None:
    first = tracking(store)
    first.send()
    assert not list(store.list(f"{FOLDER}/tensorboard/"))
    journal(store, 3)
    first.send()
    first.send()
    journal(store, 2)  # killed: the last checkpoint was not the last that the store heard of
    tracking(store).send()
    journal(store, 7)
    tracking(store).close()
    losses = [(step, value) for tag, step, value in events(store) if tag == "train/loss"]
    assert losses == [(step, pytest.approx(1 / step)) for step in range(1, 8)]
    judged = [(step, value) for tag, step, value in events(store) if tag == "held_out/loss"]
    assert judged == [(step, pytest.approx(2 / step)) for step in (2, 4, 6)]
    names = [key.rpartition(".")[2] for key in store.list(f"{FOLDER}/tensorboard/")]
    assert names == ["0000000001-0000000003", "0000000004-0000000007"]


def test_steps_lie_as_far_apart_as_they_took(store: DirectoryStore) -> None:
    journal(store, 4)
    times = [line.time for line in read_lines(store, FOLDER)]
    assert [after - before for before, after in pairwise(times)] == pytest.approx([2.0] * 3)


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_a_tool_that_is_not_installed_is_refused_before_training(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda asked: None if asked == name else found(asked))
    with pytest.raises(ConfigError, match=rf"{name} is not installed. Run: pip install 'iirl\[{name}\]'"):
        check_trackers([name])  # type: ignore[list-item]
    check_trackers([])


def test_a_tracker_that_fails_stops_nothing_and_is_tried_again(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = io.StringIO()
    journal(store, 2)
    one = tracking(store, said=said)

    def fail(_self: EventFiles, _lines: Sequence[Line]) -> None:
        raise OSError("the disk is full\nreally")

    with monkeypatch.context() as patch:
        patch.setattr(EventFiles, "write", fail)
        one.send()
    assert said.getvalue() == "tensorboard cannot be told how training goes (the disk is full really)\n"
    one.close()
    assert len([tag for tag, _, _ in events(store) if tag == "train/loss"]) == 2


class Down:
    """A service that takes everything but its end."""

    def last(self) -> int:
        return 2

    def write(self, lines: Sequence[Line]) -> None:
        raise AssertionError(lines)

    def close(self) -> None:
        raise ConnectionError("nobody\nanswers")


def test_a_tracker_that_cannot_let_go_ends_no_training_and_the_next_lets_go(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, closed = io.StringIO(), list[EventFiles]()

    def close(self: EventFiles) -> None:
        closed.append(self)

    monkeypatch.setattr(EventFiles, "close", close)
    journal(store, 2)
    one = tracking(store, said=said)
    one._trackers = {"mlflow": Down(), **one._trackers}
    one.close()
    assert said.getvalue() == "mlflow cannot be told that no more comes (nobody answers)\n"
    assert len(closed) == 1


def test_a_journal_that_cannot_be_read_now_is_read_the_next_time(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = io.StringIO()
    journal(store, 2)
    one = tracking(store, said=said)

    def fail(_self: DirectoryStore, _key: str) -> bytes:
        raise ClusterError("the store does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(DirectoryStore, "get", fail)
        one.send()
    assert said.getvalue() == "tensorboard cannot be told how training goes (the store does not answer.)\n"
    one.close()
    assert len([tag for tag, _, _ in events(store) if tag == "train/loss"]) == 2


def test_mlflow_has_one_run_with_each_step_once(
    store: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow")
    from mlflow.tracking import MlflowClient

    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "mlruns").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    said = io.StringIO()
    journal(store, 3)
    tracking(store, ["mlflow"], said).close()
    journal(store, 5)
    tracking(store, ["mlflow"], said).close()
    assert not said.getvalue()
    client = MlflowClient()
    owner = client.get_experiment_by_name("walks")
    runs = client.search_runs([owner.experiment_id])
    assert [run.data.tags["iirl.run"] for run in runs] == ["walks/0123456789abcdef"]
    told = client.get_metric_history(runs[0].info.run_id, "train/loss")
    assert sorted((one.step, one.value) for one in told) == [(step, pytest.approx(1 / step)) for step in range(1, 6)]
    assert runs[0].data.metrics["held_out/accuracy"] == 0.5


@pytest.mark.slow
def test_wandb_offline_is_told_each_step_once(
    store: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    said = io.StringIO()
    journal(store, 3)
    tracking(store, ["wandb"], said).close()
    assert store.get(f"{FOLDER}/wandb") == b"3"
    journal(store, 5)
    tracking(store, ["wandb"], said).close()
    assert not said.getvalue()
    assert store.get(f"{FOLDER}/wandb") == b"5"
    assert list(tmp_path.rglob("*0123456789abcdef*.wandb"))
