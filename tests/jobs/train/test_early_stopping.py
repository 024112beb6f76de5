"""``iirl train`` that is judged while it lasts, on a real local Ray: it stops early, seals the best, survives kills."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load

from cluster.session import Session
from iirl_core.artifact import load_from
from iirl_core.config import Config
from iirl_core.errors import ClusterError
from iirl_core.release import resolve
from iirl_core.store import DirectoryStore
from jobs.train import run
from jobs.train.best import best_key
from jobs.train.journal import held_out_of
from jobs.train.learnable import read_sources
from jobs.train.naming import run_name
from jobs.train.stopping import best_of, is_over
from jobs.train.weights import WEIGHTS
from tests.iirl_core.encoder.tiny import tiny
from tests.jobs.train.made import make_builder, make_corpora, tuned_config, walks_config
from tests.jobs.train.runs import kill_when, lines_of
from tests.jobs.train.test_job import QUIET
from tests.jobs.train.test_tuned_job import made as made_texts

pytestmark = [
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.usefixtures("ray_session"),
]


def judged_config(folder: Path, patience: int | None, **train: object) -> Config:
    """A learning rate at which the held-out loss soon goes up and down."""
    held_out = {"fraction": 0.2, "every": 10, "patience": patience}
    document = walks_config(folder, held_out=held_out, checkpoint_every=25, **train).model_dump(mode="json")
    document["train"]["optimiser"] = {"learning_rate": 0.05, "warmup_steps": 0}
    return Config.model_validate(
        {
            **document,
            "expertness": {"family": "discriminator", "hidden": 8, "members": 1},
            "mapping": {"kind": "sigmoid"},
        }
    )


def made(folder: Path, config: Config) -> tuple[DirectoryStore, str]:
    store = DirectoryStore(folder / "store")
    make_corpora(store)
    make_builder(folder)
    return store, f"runs/walks/{run_name(config, read_sources(store, config))}"


def check_stopped(store: DirectoryStore, folder: str, config: Config) -> None:
    """It ended at the first step at which it was over, and the best weights are the sealed ones."""
    data = store.get(f"{folder}/metrics.jsonl").splitlines()
    judged = held_out_of(data)
    assert config.train.held_out is not None
    patience = config.train.held_out.patience
    assert judged[-1].step == len(data) < 400
    assert [is_over(judged[: index + 1], patience) for index in range(len(judged))] == [False] * (len(judged) - 1) + [
        True
    ]
    best = best_of(judged)
    kept, sealed = (load(store.get(key)) for key in (best_key(folder, best.step), f"{folder}/{WEIGHTS}"))
    assert all(torch.equal(value, sealed[name]) for name, value in kept.items())
    artifact = load_from(store, resolve(store, "walks"))
    metrics = artifact.manifest.metrics
    assert metrics["sealed_step"] == best.step
    assert metrics["held_out_loss"] == pytest.approx(best.loss, rel=1e-5)
    assert metrics["steps"] == len(data)
    assert {key.rpartition("/")[2] for key in store.list(f"{folder}/tensorboard/")}


def test_training_stops_when_held_out_rows_get_no_better_and_seals_the_best(tmp_path: Path) -> None:
    config = judged_config(tmp_path, patience=2)
    store, folder = made(tmp_path, config)
    with Session(store) as session:
        outcome = run(session, config, QUIET)
        check_stopped(store, folder, config)
        steps, data = len(lines_of(store, folder)), store.get(f"{folder}/{WEIGHTS}")
        (store.root / folder / WEIGHTS).unlink()  # killed after the stop, before the driver had the weights
        assert run(session, config, QUIET) == outcome
    assert store.get(f"{folder}/{WEIGHTS}") == data
    assert len(lines_of(store, folder)) == steps


def test_a_killed_run_stops_where_it_would_have(tmp_path: Path) -> None:
    config = judged_config(tmp_path, patience=3, workers=2, cpus_per_worker=0.5, zero_stage=3, max_failures=0)
    store, folder = made(tmp_path, config)
    with Session(store) as session:
        killer = kill_when(store, folder, step=30)
        with pytest.raises(ClusterError, match="training failed"):
            run(session, config, QUIET)
        killer.join()
        run(session, config, QUIET)
        check_stopped(store, folder, config)
        elsewhere = DirectoryStore(tmp_path / "unkilled")
        make_corpora(elsewhere)
        run(Session(elsewhere), config, QUIET)
    assert [(line["step"], line.get("held_out_loss")) for line in lines_of(store, folder)] == [
        (line["step"], pytest.approx(line.get("held_out_loss"), abs=1e-3)) for line in lines_of(elsewhere, folder)
    ]


@pytest.mark.usefixtures("one_rank")
def test_an_encoder_that_is_trained_is_judged_too(tmp_path: Path) -> None:
    held_out = {"fraction": 0.2, "every": 5, "patience": None}
    config = tuned_config(tmp_path, tiny("bert", tmp_path / "model"), held_out=held_out)
    store, folder = made_texts(tmp_path, config)
    with Session(store) as session:
        run(session, config, QUIET)
    judged = held_out_of(store.get(f"{folder}/metrics.jsonl").splitlines())
    assert judged[-1].loss < judged[0].loss
    assert judged[-1].accuracy is not None
    assert judged[-1].accuracy > 0.9
    assert not list(store.list(f"{folder}/best/"))
