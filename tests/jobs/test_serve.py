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
from tests.serving.released import Released, released


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


def serving(process: subprocess.Popen[str], bench: Released) -> str:
    """The URL at which it answers, once it does."""
    assert process.stderr is not None
    url = next(line for line in process.stderr if "serving sample@production at " in line).split()[-1]
    assert httpx.get(f"{url}/health").json()["digest"] == bench.digest
    return url


def start(bench: Released, *words: str) -> subprocess.Popen[str]:
    import ray

    address = ray.get_runtime_context().gcs_address
    given = command(str(bench.path), "--address", address, *words)
    return subprocess.Popen(given, stderr=subprocess.PIPE, text=True, env=dict(os.environ))


def assert_nothing_is_left(url: str) -> None:
    from ray import serve

    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/health")
    assert not serve.status().applications


HANGS_UP = [
    pytest.mark.slow,
    pytest.mark.skipif(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN, reason="nohup: what it starts stays"),
]


@pytest.mark.ray
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=HANGS_UP)])
def test_it_says_where_it_answers_and_stops_its_server_when_told_to(
    ray_session: None, tmp_path: Path, number: signal.Signals
) -> None:
    bench = released(tmp_path, trajectory_draft(), walks(20, seed=5))
    with start(bench) as process:
        url = serving(process, bench)
        process.send_signal(number)
        _, rest = process.communicate(timeout=120)
    assert process.returncode == 0, rest
    assert "Traceback" not in rest
    assert_nothing_is_left(url)


@pytest.mark.ray
def test_it_says_on_standard_error_that_requests_drift_though_replicas_have_none(
    ray_session: None, tmp_path: Path
) -> None:
    bench = released(tmp_path, trajectory_draft(), walks(20, seed=5))
    far = [
        {"observations": (item.observations + 50).tolist(), "actions": item.actions.tolist()}
        for item in walks(64, seed=9)
        if item.actions is not None
    ]
    with start(bench, "--set", "serve.drift_window=64") as process:
        url = serving(process, bench)
        assert httpx.post(f"{url}/v1/rewards", json={"items": far}, timeout=60).status_code == 200
        assert process.stderr is not None
        said = next(line for line in process.stderr if "drift" in line)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)
    assert said.startswith("iirl: requests drift: farther from the demonstrations than the guard set")


@pytest.mark.ray
def test_its_server_stops_in_order_when_it_is_killed(ray_session: None, tmp_path: Path) -> None:
    bench = released(tmp_path, trajectory_draft(), walks(20, seed=5))
    with start(bench) as process:
        url = serving(process, bench)
        process.kill()
        _, rest = process.communicate(timeout=120)  # ends when the server, which holds the other end, has ended
    assert process.returncode == -signal.SIGKILL
    assert "Traceback" not in rest
    assert_nothing_is_left(url)


@pytest.mark.ray
@pytest.mark.slow
def test_a_server_started_by_hand_needs_no_standard_input(ray_session: None, tmp_path: Path) -> None:
    import ray

    bench = released(tmp_path, trajectory_draft(), walks(20, seed=5))
    by_hand = [sys.executable, "-m", "serving", str(bench.path), "--address", ray.get_runtime_context().gcs_address]
    with subprocess.Popen(by_hand, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[1]
        assert httpx.get(f"{url}/health").status_code == 200
        process.send_signal(signal.SIGINT)
        process.wait(timeout=120)
    assert process.returncode == 0
    assert_nothing_is_left(url)
