"""One turned wheel, made once; each test gets a copy of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.jobs.wheel import Wheel, open_wheel, turn


@pytest.fixture(scope="session")
def turned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Wheel]:
    folder = tmp_path_factory.mktemp("wheel")
    return folder, turn(folder)


@pytest.fixture
def wheel(turned: tuple[Path, Wheel], tmp_path: Path) -> Wheel:
    """Audited, and not released yet."""
    folder, made = turned
    shutil.copytree(folder, tmp_path / "wheel")
    return open_wheel(tmp_path / "wheel", made.root, made.child)
