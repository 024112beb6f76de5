"""Recipes for a GPU cluster say that they were not run, load, and fit on the devices that they ask for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iirl_core.config import load_config
from jobs.train.planning import plan_lines
from tests.iirl_core.plan.shapes import LLAMA3_8B, QWEN3_06B

GPU = Path(__file__).resolve().parents[2] / "examples" / "gpu"
RECIPES = {"qwen3-0.6b": QWEN3_06B, "llama-3-8b-lora": LLAMA3_8B}


def test_every_recipe_is_here() -> None:
    assert {path.stem for path in GPU.glob("*.yaml")} == set(RECIPES)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_recipe_says_that_it_was_not_run_and_its_plan_fits(name: str, tmp_path: Path) -> None:
    assert (GPU / f"{name}.yaml").read_text(encoding="utf-8").startswith("# NOT RUN HERE")
    (tmp_path / "config.json").write_text(json.dumps(RECIPES[name]), encoding="utf-8")
    config = load_config(GPU / f"{name}.yaml", [f"encoder.model={tmp_path}"])
    assert config.tunes
    assert config.train.gpus_per_worker == 1
    lines = plan_lines(config)
    assert any(line.lstrip().startswith(f"* ZeRO {config.train.zero_stage}") for line in lines)
    assert not [line for line in lines if line.startswith("too much")]
