"""What goes to which stream, and what stays readable there."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from rich.console import Console

from jobs.console import LOG_COLUMNS, Progress, answering


def test_tables_go_to_standard_output_and_what_is_done_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    progress.say("encoding")
    progress.table("repairs", ["repair", "state"], [["p-1", "enabled"]])
    captured = capsys.readouterr()
    assert "encoding" in captured.err
    assert "p-1" not in captured.err
    assert "p-1" in captured.out
    assert "encoding" not in captured.out


def test_a_table_in_a_narrow_terminal_keeps_ids_in_one_piece_and_cuts_nothing_off() -> None:
    told = io.StringIO()
    narrow = Console(file=told, width=40, force_terminal=False)
    Progress(narrow).table("repairs", ["id", "for", "kept"], [["p-0123456789ab", "far " * 20, "0.123456789"]])
    text = told.getvalue()
    assert "p-0123456789ab" in text
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 40


def test_answers_in_a_log_are_as_wide_as_a_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert answering().width == LOG_COLUMNS
    assert not capsys.readouterr().out


GOES_ON = """
import sys
from jobs.console import Progress
progress = Progress()
sys.stdin.read()
progress.table("t", ["a"], [["1"]] * 5000)
progress.table("t", ["a"], [["2"]] * 5000)
progress.say("went on")
sys.exit(3)
"""


def test_a_command_whose_reader_went_away_goes_on_and_ends_as_it_would_have() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", GOES_ON],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    process.stdin.close()
    said = process.stderr.read()
    assert process.wait(timeout=60) == 3
    assert said == "went on\n"
    process.stderr.close()
