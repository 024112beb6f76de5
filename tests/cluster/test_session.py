"""A session starts Ray when it must, uses what is there, and says in one line why it cannot join."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from cluster.capacity import Capacity, Node
from cluster.session import Session, machine_cpus, machine_memory
from iirl_core.store import DirectoryStore

JOIN = """
import sys
from pathlib import Path
from cluster.session import Session
from iirl_core.errors import ClusterError
from iirl_core.store import DirectoryStore
try:
    with Session(DirectoryStore(Path(sys.argv[1])), sys.argv[2]) as session:
        print("cpus", session.cpus())
except ClusterError as error:
    print("ClusterError", error)
"""


def join(folder: Path, address: str, **environment: str) -> list[str]:
    """What a process of its own says that joins ``address``. Ray alone would go on trying for minutes."""
    done = subprocess.run(
        [sys.executable, "-c", JOIN, str(folder), address],
        env={**os.environ, **environment},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout.splitlines()


def test_an_address_where_nothing_listens_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    (line,) = join(tmp_path, address)
    assert line.startswith(f"ClusterError nothing answers at {address}")


def test_something_that_accepts_and_never_answers_is_not_waited_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        (line,) = join(tmp_path, f"127.0.0.1:{server.getsockname()[1]}")
    assert "is not a Ray head" in line


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    (line,) = join(tmp_path, "nowhere")
    assert line.startswith("ClusterError cannot join the Ray cluster at nowhere")


@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
def test_a_wrong_token_is_refused_in_one_line_and_the_right_one_joins(tmp_path: Path) -> None:
    import ray

    address = ray.get_runtime_context().gcs_address
    (line,) = join(tmp_path, address, RAY_AUTH_TOKEN="0" * 64)
    assert line.startswith(f"ClusterError the Ray cluster at {address} refuses our token")
    assert join(tmp_path, address) == ["cpus 2.0"]


@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
def test_a_ray_that_is_there_is_used_and_left_running(tmp_path: Path) -> None:
    import ray

    with Session(DirectoryStore(tmp_path)) as session:
        assert session.cluster() == Capacity((Node(2),))
    assert ray.is_initialized()


@pytest.mark.ray
@pytest.mark.slow
def test_without_an_address_no_cluster_of_this_machine_is_joined(tmp_path: Path) -> None:
    folder = tempfile.mkdtemp(dir="/tmp", prefix="ray-")
    command = "ray start --head --block --num-cpus 7 --port 0 --include-dashboard false --temp-dir"
    start = [str(Path(sys.executable).parent / "ray"), *command.split()[1:], f"{folder}/ray"]
    head = subprocess.Popen(start, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        until = time.monotonic() + 60
        while not (Path(folder) / "ray" / "ray_current_cluster").exists() and time.monotonic() < until:
            time.sleep(0.2)
        assert join(tmp_path, "", RAY_TMPDIR=folder) == [f"cpus {max(2, machine_cpus())}.0"]
    finally:
        os.killpg(head.pid, signal.SIGKILL)
        head.wait()
        shutil.rmtree(folder, ignore_errors=True)


def test_the_machine_has_cpus_and_memory() -> None:
    assert 1 <= machine_cpus() <= (os.cpu_count() or 1)
    assert machine_memory() > 2**28


def test_importing_cluster_asks_for_tokens_before_ray_can_be_loaded() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import cluster, os, sys; print(os.environ['RAY_AUTH_MODE'], 'ray' in sys.modules)"],
        env={name: value for name, value in os.environ.items() if not name.startswith("RAY_")},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == ["token", "False"]
