"""What ``python -m serving`` refuses before anything heavy starts."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.iirl_core.artifact.samples import config as sample
from tests.serving.released import free_port


def start(folder: Path, **serve: object) -> subprocess.CompletedProcess[str]:
    document = sample(serve=serve, store=str(folder / "store"), keys=str(folder / "keys")).model_dump(mode="json")
    (folder / "config.json").write_text(json.dumps(document))
    return run(folder / "config.json")


def run(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "serving", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def assert_one_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("iirl: ")
    assert done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_in_use_is_one_line_that_says_what_to_do(taken_port: int, tmp_path: Path) -> None:
    assert_one_line(start(tmp_path, port=taken_port), f"127.0.0.1:{taken_port}", "serve.port")


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    assert_one_line(start(tmp_path, host="203.0.113.7", token_file=str(tmp_path / "token")), "203.0.113.7")


def test_a_host_that_others_can_reach_without_a_token_is_refused(tmp_path: Path) -> None:
    assert_one_line(start(tmp_path, host="0.0.0.0"), "0.0.0.0", "token")  # noqa: S104


def test_a_missing_configuration_is_one_line(tmp_path: Path) -> None:
    assert_one_line(run(tmp_path / "none.json"), "none.json")


def test_a_server_that_believes_nobody_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    assert_one_line(start(tmp_path, port=free_port()), "public keys")
