"""A store for each test; one process group for all tests that step an engine in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from iirl_core.store import DirectoryStore


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "store")


@pytest.fixture(scope="package")
def one_rank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """This process as the only rank. DeepSpeed remembers the first group it met, so there is one for the package."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1"}.items():
            patch.setenv(name, value)
        rendezvous = tmp_path_factory.mktemp("rendezvous") / "file"
        torch.distributed.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=0, world_size=1)
        yield
        torch.distributed.destroy_process_group()
