"""Tests that share a Ray, or a process group, are kept to one process where they are run in two."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import scope_of

HERE = Path(__file__).parent


def test_files_that_share_something_of_their_process_are_kept_together_and_others_apart() -> None:
    sharing = ("jobs/train/test_job.py", "jobs/audit/test_wheel.py", "jobs/train/test_engine.py")
    assert {scope_of(HERE / name) for name in sharing} == {"shared"}
    alone = HERE / "iirl_core" / "records" / "test_formats.py"
    assert scope_of(alone) == str(alone)


def test_whatever_uses_the_shared_ray_says_so() -> None:
    fixture = "ray" + "_session"
    using = [file for file in HERE.rglob("test_*.py") if fixture in file.read_text(encoding="utf-8")]
    assert len(using) > 10
    assert {scope_of(file) for file in using} == {"shared"}
