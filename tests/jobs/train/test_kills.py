"""A driver or a node that dies while it trains: the same command ends where it would have."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from cluster.session import Session
from iirl_core.config import Config
from iirl_core.release import resolve
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.train import run
from jobs.train.learnable import read_sources
from jobs.train.naming import run_name
from tests.jobs.train.made import make_builder, make_corpora, walks_config
from tests.jobs.train.runs import lines_of, never_stopped, wait_for

QUIET = Progress(Console(file=io.StringIO()))
pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.timeout(900)]


def made(folder: Path, **train: object) -> tuple[DirectoryStore, Config, Path, str]:
    """A store, a configuration, its file and the run's folder."""
    store = DirectoryStore(folder / "store")
    make_corpora(store)
    make_builder(folder)
    config = walks_config(folder, **train)
    path = folder / "config.yaml"
    path.write_text(json.dumps(config.model_dump(mode="json", exclude_unset=True)), encoding="utf-8")
    return store, config, path, f"runs/walks/{run_name(config, read_sources(store, config))}"


@pytest.mark.usefixtures("ray_session", "one_rank")
def test_after_the_driver_was_killed_the_same_command_ends_where_it_would_have(tmp_path: Path) -> None:
    import ray

    store, config, path, folder = made(tmp_path)
    address = ray.get_runtime_context().gcs_address
    command = [sys.executable, "-m", "jobs", "train", str(path), "--address", address]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        assert wait_for(store, folder, 120, alive=lambda: process.poll() is None)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not store.exists("runs/walks/latest")
    before = lines_of(store, folder)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert resolve(store, "walks")
    lines, expected = lines_of(store, folder), never_stopped(store, config, folder)
    assert 0 < len(before) < len(expected)
    # With the seconds that they took: it went on, though the last checkpoint may not have been known yet.
    assert lines[: config.train.checkpoint_every] == before[: config.train.checkpoint_every]
    assert [line["loss"] for line in lines[: len(before)]] == [line["loss"] for line in before]
    assert [line["step"] for line in lines] == list(range(1, len(expected) + 1))
    assert [line["loss"] for line in lines] == pytest.approx(expected, abs=1e-3)


@pytest.mark.usefixtures("ray_session")
def test_training_goes_on_on_another_node_when_it_loses_one(tmp_path: Path) -> None:
    store, _, path, folder = made(tmp_path / "lost", workers=2, cpus_per_worker=1.5, zero_stage=2, max_failures=3)
    command = [sys.executable, "-m", "tests.jobs.train.losing_a_node", str(path), folder, "120"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    assert "lost a node" in done.stdout
    assert "sealed walks" in done.stdout

    elsewhere, config, _, _ = made(tmp_path / "whole", workers=2, cpus_per_worker=0.5, zero_stage=2)
    run(Session(elsewhere), config, QUIET)
    killed, whole = lines_of(store, folder), lines_of(elsewhere, folder)
    assert [line["step"] for line in killed] == [line["step"] for line in whole]
    assert [line["loss"] for line in killed] == pytest.approx([line["loss"] for line in whole], abs=1e-3)
