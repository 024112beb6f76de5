"""The command line as a user meets it: exit codes, one line, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.__main__ import main
from jobs.cli import TOOLS, VERBS, parser

SPATIAL = str(Path(__file__).parents[2] / "examples" / "spatial" / "config.yaml")


def test_help_names_every_verb_and_tool(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        parser().parse_args(["--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert all(f"    {name} " in text for name in (*VERBS, *TOOLS))


def test_a_dry_run_prints_the_resolved_configuration_and_does_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"
    assert main(["train", SPATIAL, "--dry-run", "--set", "train.epochs=3", "--store", str(store)]) == 0
    text = capsys.readouterr().out
    assert "epochs: 3" in text
    assert f"store: {store}" in text
    assert not store.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "none.yaml"], "no configuration at none.yaml"),
        (["train", SPATIAL, "--set", "tarin.epochs=3"], "tarin: unknown key"),
        (["release", "forward", SPATIAL], "iirl release CONFIG, or rollback or revoke before CONFIG"),
        (["release", "revoke", SPATIAL], "--reason with revoke, and only there"),
        (["release", SPATIAL, "--reason", "it leaks"], "--reason with revoke, and only there"),
        (["triage", "shout", SPATIAL], "iirl triage CONFIG, or list, show, label"),
        (["triage", "show", SPATIAL], "iirl triage show; expected --on with it"),
        (["triage", "label", SPATIAL, "--on", "f-1"], "expected --as with it"),
        (["triage", "list", SPATIAL, "--because", "so"], "iirl triage list --because; expected no such option"),
        (["triage", SPATIAL, "--as", "flaw"], "iirl triage --as; expected no such option"),
        (["triage", "undo", SPATIAL, "--on", "l-1", "--reward", "0"], "undo --reward; expected --on, --because"),
        (["forget", SPATIAL, "--store", "{tmp}"], "iirl forget without a record; expected --source, --id or --ids"),
        (["forget", SPATIAL, "--store", "{tmp}", "--ids", "none.txt"], "--ids none.txt cannot be read"),
        (["forget", SPATIAL, "--store", "{tmp}", "--id", "sha256:1", "--source", "a"], "there is no builder key"),
        (["show", "nothing", "--store", "{tmp}"], "there is no artifact of nothing"),
        (["key", "list", "builder"], "takes no role"),
        (["score", "nothing", "none.jsonl", "--store", "{tmp}"], "no file and no corpus none.jsonl"),
    ],
)
def test_a_mistake_is_one_line_on_standard_error_and_exit_code_2(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([argument.replace("{tmp}", str(tmp_path)) for argument in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("iirl: ")
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err


@pytest.mark.parametrize(("written", "probes"), [("1e6", 1_000_000), ("250", 250)])
def test_a_budget_may_be_written_as_people_say_it(written: str, probes: int) -> None:
    assert parser().parse_args(["audit", SPATIAL, "--budget", written]).budget == probes


@pytest.mark.parametrize("written", ["inf", "nan", "0", "-5", "1.5", "many"])
def test_a_budget_that_is_no_number_of_probes_is_refused_in_one_line(
    written: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["audit", SPATIAL, f"--budget={written}"])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error == (
        f"iirl: argument --budget: {written} is no number of probes: 1000000, or 1e6. See iirl audit --help.\n"
    )
