"""The benchmark of GPUs says when there is none, counts as the plan does, and goes its whole way on a CPU."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import torch

from benchmarks.gpu_speed import BACKBONE, STAGES, Work, place_of, planned
from iirl_core.plan import backbone_of
from iirl_core.plan.published import PUBLISHED

COMMAND = [sys.executable, "-m", "benchmarks.gpu_speed"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so_in_one_line_and_measures_nothing() -> None:
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("no GPU is at hand")
    assert done.stderr.count("\n") == 1


def test_what_is_foreseen_is_sixteen_bytes_a_parameter_and_what_a_pass_keeps() -> None:
    work = Work(dict(PUBLISHED[BACKBONE]), rows=1, length=1, steps=1, repeats=1, device="cuda")
    backbone = backbone_of(work.shape)
    states = 16 * (backbone.parameters + 4 * backbone.width)
    for stage in STAGES:
        assert planned(work, stage, ranks=1) == pytest.approx(states, rel=0.001)
    assert planned(work, 2, ranks=8) == pytest.approx(states * (2 + 14 / 8) / 16, rel=0.001)


def test_being_imported_says_nothing_of_ranks() -> None:
    code = "import os, benchmarks.gpu_speed, benchmarks.train_speed; print('WORLD_SIZE' in os.environ)"
    around = {name: value for name, value in os.environ.items() if name != "WORLD_SIZE"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=around)
    assert done.stdout == "False\n"


def test_only_a_gpu_on_the_whole_shape_writes_a_result() -> None:
    told = Path("figures.json")
    for device, quick, json_path, wanted in (
        ("cuda", False, None, None),
        ("cuda", True, None, Path(tempfile.gettempdir()) / "gpu_speed.json"),
        ("cpu", False, None, Path(tempfile.gettempdir()) / "gpu_speed.json"),
        ("cuda", True, told, told),
    ):
        assert place_of(argparse.Namespace(device=device, quick=quick, json=json_path)) == wanted


@pytest.mark.slow
def test_every_stage_is_measured_on_a_cpu_too(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    subprocess.run([*COMMAND, "--device", "cpu", "--quick", "--json", str(path)], check=True, capture_output=True)
    figures = json.loads(path.read_text(encoding="utf-8"))["figures"]
    measured = ("tokens", "utilisation", "peak memory")
    assert set(figures) == {f"ZeRO {stage}, {what}" for stage in STAGES for what in measured}
    assert all(figure["value"] > 0 for figure in figures.values())
