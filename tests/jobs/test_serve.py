"""``iirl serve`` as a user runs it: what it says, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.iirl_core.artifact.samples import trajectory_draft, walks
from tests.serving.released import released


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "jobs", "serve", *words]


def test_a_port_in_use_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    bench = released(tmp_path, trajectory_draft(), walks(4, seed=5))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", bench.config.serve.port))
        listener.listen()
        done = subprocess.run(command(str(bench.path)), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert f"127.0.0.1:{bench.config.serve.port}" in done.stderr
    assert done.stdout == ""


@pytest.mark.ray
def test_it_says_where_it_answers_and_stops_its_server_when_terminated(ray_session: None, tmp_path: Path) -> None:
    import ray

    bench = released(tmp_path, trajectory_draft(), walks(20, seed=5))
    address = ray.get_runtime_context().gcs_address
    process = subprocess.Popen(
        command(str(bench.path), "--address", address), stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert process.stderr is not None
    with process.stderr:
        line = next(line for line in process.stderr if "serving sample@production at " in line)
        url = line.split()[-1]
        assert httpx.get(f"{url}/health").json()["digest"] == bench.digest
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
    assert process.wait(60) == 0, rest
    assert "Traceback" not in rest
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/health")
