"""What goes to which stream, and what stays readable there."""

from __future__ import annotations

import io

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


def test_a_table_in_a_narrow_terminal_keeps_ids_in_one_piece() -> None:
    told = io.StringIO()
    Progress(Console(file=told, width=40)).table("repairs", ["id", "for"], [["p-0123456789ab", "far " * 20]])
    lines = told.getvalue().splitlines()
    assert any("p-0123456789ab" in line for line in lines)
    assert max(map(len, lines)) <= 40


def test_answers_in_a_log_are_as_wide_as_a_log() -> None:
    assert answering().width == LOG_COLUMNS
