"""A real head on loopback, with token authentication: what is submitted runs there, and its end is told."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster.submission import JobsClient
from iirl_core.errors import ClusterError, ConfigError

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Head:
    address: str
    environment: dict[str, str]


def free_ports(count: int) -> list[int]:
    """As many, held together, so that none is given twice."""
    with contextlib.ExitStack() as held:
        listeners = [held.enter_context(socket.socket()) for _ in range(count)]
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        return [int(listener.getsockname()[1]) for listener in listeners]


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    """``ray start --head`` with a token, a folder and ports of its own; only its own process group is ended."""
    names = ("port", "dashboard-agent-listen-port", "metrics-export-port", "ray-client-server-port")
    dashboard, *free = free_ports(1 + len(names))
    ports = dict(zip(names, free, strict=True))
    with tempfile.TemporaryDirectory(prefix="head-", ignore_cleanup_errors=True) as folder:
        token = Path(folder) / "token"
        token.touch(0o600)
        token.write_text(secrets.token_hex(32))
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        environment = inherited | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        command = [str(Path(sys.executable).parent / "ray"), "start", "--head", "--block", "--num-cpus=2"]
        command += ["--node-ip-address=127.0.0.1", "--dashboard-host=127.0.0.1", f"--dashboard-port={dashboard}"]
        command += [f"--temp-dir={folder}", f"--object-store-memory={200 * 2**20}"]
        command += [f"--{name}={port}" for name, port in ports.items()]
        log = Path(folder) / "head.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True
            )
        try:
            wait_for(dashboard, process, log)
            yield Head(f"http://127.0.0.1:{dashboard}", environment)
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):  # what a job leaves behind it waits for in vain
                process.wait(5)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.3)
        else:
            return
    raise AssertionError(f"the head did not start: {log.read_text()[-2000:]}")


def iirl(*words: str, environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jobs", *words],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


CONFIG = """
name: walks
corpora:
  - {name: walks, files: [walks.jsonl]}
encoder: {kind: trajectory}
audit: {probes: {far: 10}}
"""


@pytest.mark.ray
def test_ingest_runs_on_the_cluster_with_the_files_that_travelled_with_it(head: Head, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    rows = [f'{{"observations": [[{step / 9}, 0.5], [{step / 8}, 0.25]]}}\n' for step in range(9)]
    (tmp_path / "walks.jsonl").write_text("".join(rows))
    store = tmp_path / "store"
    words = ("submit", "ingest", "config.yaml", "--address", head.address, "--store", str(store))
    done = iirl(*words, environment=head.environment, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "ingest ran as job" in done.stderr
    assert list(store.glob("corpora/walks/sha256-*/manifest.json"))


@pytest.mark.ray
def test_the_exit_code_and_the_reason_of_a_job_that_fails_come_back(head: Head, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "walks.jsonl").write_text("not json\n")
    words = ("submit", "ingest", "config.yaml", "--address", head.address, "--store", str(tmp_path / "store"))
    done = iirl(*words, environment=head.environment, folder=tmp_path)
    assert done.returncode == 2
    assert "walks.jsonl" in done.stderr, "the job's own line is passed on"
    assert "Traceback" not in done.stderr


@pytest.mark.ray
def test_a_wrong_token_is_one_line_and_exit_code_2(head: Head, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "walks.jsonl").write_text('{"observations": [[1.0]]}\n')
    environment = {name: value for name, value in head.environment.items() if name != "RAY_AUTH_TOKEN_PATH"}
    environment["RAY_AUTH_TOKEN"] = "somebody-elses"
    words = ("submit", "ingest", "config.yaml", "--address", head.address, "--store", str(tmp_path / "store"))
    done = iirl(*words, environment=environment, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.strip().count("\n") == 0, done.stderr
    assert "refused the token" in done.stderr
    assert "somebody-elses" not in done.stderr


def test_an_address_where_nobody_answers_is_said_so() -> None:
    with pytest.raises(ClusterError, match="nobody answers"):
        JobsClient(f"http://127.0.0.1:{free_ports(1)[0]}")


@pytest.mark.parametrize(
    "address", ["head:6379", "ray://head:10001", "auto", "http://", "http://h:99999", "http://h:x", "http://[::1"]
)
def test_an_address_that_is_no_dashboard_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="dashboard"):
        JobsClient(address)
