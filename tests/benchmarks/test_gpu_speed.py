"""The benchmark of GPUs says when there is none, counts as the plan does, and goes its whole way on a CPU."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks.gpu_speed import BACKBONE, STAGES, Work, planned
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


@pytest.mark.slow
def test_every_stage_is_measured_on_a_cpu_too(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    subprocess.run([*COMMAND, "--device", "cpu", "--quick", "--json", str(path)], check=True, capture_output=True)
    figures = json.loads(path.read_text(encoding="utf-8"))["figures"]
    measured = ("tokens", "utilisation", "peak memory")
    assert set(figures) == {f"ZeRO {stage}, {what}" for stage in STAGES for what in measured}
    assert all(figure["value"] > 0 for figure in figures.values())
