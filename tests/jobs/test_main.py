"""How the process ends when something fails: a code of its own for a bug, and a traceback only when asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from iirl_core.errors import BUG, ConfigError
from jobs import commands
from jobs.__main__ import main
from tests.jobs.audit.turning import wheel_config

LOG = ["log", "--store", "nowhere"]


def fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def run(_options: Namespace) -> int:
        raise error

    monkeypatch.setattr(commands, "run_command", run)


def test_a_failure_that_nobody_foresaw_is_one_line_and_not_an_answer_of_no(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, ZeroDivisionError("division\nby zero"))
    assert main(LOG) == BUG == 70
    error = capsys.readouterr().err
    assert error.startswith("iirl: this is a bug (ZeroDivisionError: division by zero)")
    assert "--debug" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(("error", "code"), [(ZeroDivisionError("oh"), BUG), (ConfigError("store x", "y"), 2)])
def test_debug_shows_where_and_keeps_the_exit_code(
    error: Exception, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, error)
    assert main([*LOG, "--debug"]) == code
    said = capsys.readouterr().err
    assert said.startswith("Traceback")
    assert said.splitlines()[-1].startswith("iirl: ")


def test_the_servers_process_keeps_its_exit_code_under_debug_too(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "serving", str(tmp_path / "none.json"), "--debug"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Traceback")


def test_a_revocation_that_names_no_artifact_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps(wheel_config(tmp_path).model_dump(mode="json")))
    assert main(["release", "revoke", str(config), "--reason", "it pays for falling"]) == 2
    told = capsys.readouterr().err
    assert "--artifact: what is revoked must be named" in told
    assert told.count("\n") == 1
