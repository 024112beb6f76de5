from __future__ import annotations

import subprocess

import pytest

from benchmarks.cli import measure


def test_commands_take_turns_and_each_is_measured_as_often_as_asked() -> None:
    runs = measure({"nothing": ["-c", "pass"], "a nap": ["-c", "import time; time.sleep(0.2)"]}, repeats=2)
    assert {name: len(times) for name, times in runs.items()} == {"nothing": 2, "a nap": 2}
    assert all(time >= 0.2 for time in runs["a nap"])
    assert all(time > 0 for time in runs["nothing"])


def test_a_command_that_fails_is_not_a_measurement() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        measure({"broken": ["-c", "raise SystemExit(3)"]}, repeats=1)
