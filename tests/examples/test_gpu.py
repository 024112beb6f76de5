"""Recipes for a GPU cluster say that they were not run, load, and fit on the devices that they ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.config import load_config
from iirl_core.plan import backbone_of
from jobs.train.planning import plan_lines
from tests.iirl_core.plan.shapes import LLAMA3_8B, LLAMA3_70B, QWEN3_06B

GPU = Path(__file__).resolve().parents[2] / "examples" / "gpu"
RECIPES = {"qwen3-0.6b": QWEN3_06B, "llama-3-8b-lora": LLAMA3_8B, "llama-3-70b-lora": LLAMA3_70B}


def test_every_recipe_is_here() -> None:
    assert {path.stem for path in GPU.glob("*.yaml")} == set(RECIPES)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_recipe_says_that_it_was_not_run_and_its_plan_needs_nothing_and_fits(name: str) -> None:
    assert (GPU / f"{name}.yaml").read_text(encoding="utf-8").startswith("# NOT RUN HERE")
    config = load_config(GPU / f"{name}.yaml")
    assert config.tunes
    assert config.train.gpus_per_worker == 1
    lines = plan_lines(config)
    assert any(line.lstrip().startswith(f"* ZeRO {config.train.zero_stage}") for line in lines)
    assert not [line for line in lines if line.startswith(("too much", "not known"))]
    assert f"{backbone_of(RECIPES[name]).parameters:,} parameters" in lines[1]
    assert [line for line in lines if line.startswith("GPU-hours")]


def test_seventy_billion_parameters_are_told_to_be_too_many_for_the_devices_of_eight() -> None:
    model = "encoder.model=meta-llama/Meta-Llama-3-70B-Instruct"
    lines = plan_lines(load_config(GPU / "llama-3-8b-lora.yaml", [model]))
    assert "69,503,033,344 parameters" in lines[1]
    assert [line.split(":")[0].split()[-1] for line in lines if line.startswith("too much")] == ["encode", "train"]
    parts = plan_lines(
        load_config(GPU / "llama-3-8b-lora.yaml", [model, "train.accumulation=4", "expertness.length_debias=0"])
    )
    assert [line.split(":")[0].split()[-1] for line in parts if line.startswith("too much")] == ["encode"]


def test_seventy_billion_parameters_fit_in_half_the_bytes_over_four_gpus_not_over_one() -> None:
    one = ["train.gpus_per_encoder=1"]
    lines = plan_lines(load_config(GPU / "llama-3-70b-lora.yaml", one))
    assert [line.split(":")[0].split()[-1] for line in lines if line.startswith("too much")] == ["encode"]
    whole = plan_lines(load_config(GPU / "llama-3-70b-lora.yaml", ["encoder.weights=fp32"]))
    assert [line.split(":")[0].split()[-1] for line in whole if line.startswith("too much")] == ["encode"]
