"""Tests that share a Ray, or a process group, are kept to one process where they are run in two."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import scope_of

HERE = Path(__file__).parent


def test_files_that_need_ray_and_files_that_open_a_process_group_are_kept_together_and_others_apart() -> None:
    assert scope_of(HERE / "jobs" / "train" / "test_job.py") == "ray"
    assert scope_of(HERE / "jobs" / "audit" / "test_wheel.py") == "ray"
    assert scope_of(HERE / "jobs" / "train" / "test_tuned_engine.py") == "rank"
    assert scope_of(HERE / "jobs" / "train" / "test_engine.py") == "rank"
    alone = HERE / "iirl_core" / "records" / "test_formats.py"
    assert scope_of(alone) == str(alone)


def test_whatever_uses_the_shared_ray_says_so() -> None:
    fixture = "ray" + "_session"
    using = [file for file in HERE.rglob("test_*.py") if fixture in file.read_text(encoding="utf-8")]
    assert len(using) > 10
    assert {scope_of(file) for file in using} == {"ray"}
