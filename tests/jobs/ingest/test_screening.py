from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.errors import ConfigError
from jobs.ingest.screening import read_evaluation
from jobs.ingest.sources import find_files


@pytest.mark.parametrize("lines", ['{"prompt": "Is it open?"}\n\n   \n', '\n{"prompt": "Is it open?"}\n'])
def test_blank_lines_of_an_evaluation_set_hold_no_prompt(tmp_path: Path, lines: str) -> None:
    (tmp_path / "asked.jsonl").write_text(lines)
    prompts = read_evaluation(find_files([str(tmp_path / "asked.jsonl")]))
    assert prompts is not None
    assert len(prompts.places) == 1
    assert prompts.reason("Is it open?", ["is", "it", "open"]) is not None


@pytest.mark.parametrize("row", ["{}", '{"answer": "Yes."}', "{"])
def test_a_row_of_an_evaluation_set_without_a_prompt_is_refused(tmp_path: Path, row: str) -> None:
    (tmp_path / "asked.jsonl").write_text(f'{{"prompt": "Is it open?"}}\n\n{row}\n')
    with pytest.raises(ConfigError, match=r"asked\.jsonl:3 "):
        read_evaluation(find_files([str(tmp_path / "asked.jsonl")]))
