"""What the whole test session shares: one local Ray, and the folder of real data where there is one."""

from __future__ import annotations

import functools
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

# Both are read when ray is first imported, here and in every process it starts.
os.environ.setdefault("RAY_AUTH_MODE", "token")
if os.environ["RAY_AUTH_MODE"] == "token" and "RAY_AUTH_TOKEN_PATH" not in os.environ:
    # A token of the session's own: no test writes into the user's ~/.ray.
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
os.environ.setdefault("RAY_TRAIN_V2_ENABLED", "1")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# Tests are many small computations beside a Ray: more threads than one only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# S3 in tests is a server on loopback. Ray's workers keep the environment they started with, and no test may ever use
# credentials of the user's own.
os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1")
os.environ.pop("AWS_PROFILE", None)

# No test measures time, and the same commit asks the same examples wherever it is tested.
settings.register_profile("tests", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


SHARED = ("mark.ray", "one_rank")
"""What stands in files that share something of their process: its Ray, its process group."""


@pytest.hookimpl(optionalhook=True)  # where pytest-xdist is not installed nobody calls it
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Where tests are dealt out to processes (``-n 2``): all files that need Ray, or that take the part of a rank, to
    one of them, and the others file by file. (Marks are not known here, and xdist's own groups do nothing under pytest
    9.2.) None where another way to deal them out is asked for.
    """
    if config.getoption("dist") != "load":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Apart(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return scope_of(config.rootpath / nodeid.partition("::")[0])

    return Apart(config, log)


@functools.cache
def scope_of(file: Path) -> str:
    """What tests of ``file`` are kept together with."""
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    return "shared" if any(word in text for word in SHARED) else str(file)


OBJECT_STORE_BYTES = 400 * 2**20


@pytest.fixture(scope="session")
def ray_session() -> Iterator[None]:
    """A local Ray with two CPUs that all tests marked ``ray`` share; they must leave no actor behind."""
    import ray  # seconds

    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        ray.init(
            address="local",
            num_cpus=2,
            include_dashboard=False,
            object_store_memory=OBJECT_STORE_BYTES,
            log_to_driver=False,
            configure_logging=True,
            logging_level="warning",
            _temp_dir=folder,  # short: socket paths have at most 107 bytes
        )
        yield
        ray.shutdown()


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data: ``IIRL_DATA``, else ``../shared/data``; skips where there is none."""
    folder = Path(os.environ.get("IIRL_DATA", Path(__file__).parents[2] / "shared" / "data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set IIRL_DATA (the README says where each set is published)")
    return folder
