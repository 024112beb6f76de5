"""What the driver does while ranks train, and what it ends with: weights that never pass through its memory."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from cluster.session import Session
from iirl_core.canonical import canonical_json
from iirl_core.config import Config
from iirl_core.errors import ClusterError
from iirl_core.release import resolve
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.train import run
from jobs.train.fitting import _shown
from jobs.train.journal import PLACE
from jobs.train.tracking import Tracking
from tests.jobs.train.made import make_builder, make_corpora, walks_config
from tests.jobs.train.sparing import SparingStore
from tests.jobs.wheel import quiet


@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
@pytest.mark.parametrize("family", [pytest.param("autoencoder_mixture", marks=pytest.mark.slow), "occupancy"])
def test_the_trained_weights_never_pass_through_memory_as_bytes(tmp_path: Path, family: str) -> None:
    store = SparingStore(tmp_path / "store")
    make_corpora(store)
    make_builder(tmp_path)
    config = walks_config(tmp_path)
    if family == "occupancy":
        config = Config.model_validate({**config.model_dump(mode="json"), "expertness": {"family": family}})
    with Session(store) as session:
        outcome = run(session, config, quiet())
        assert resolve(store, "walks")[:19] in outcome.made
        assert run(session, config, quiet()) == outcome


class Faltering(DirectoryStore):
    """Does not answer while there is a file ``down`` beside it."""

    def get(self, key: str) -> bytes:
        if (self.root.parent / "down").exists():
            raise ClusterError("the store does not answer")
        return super().get(key)


def test_a_store_that_falters_is_told_of_once_and_progress_is_shown_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, said = Faltering(tmp_path / "store"), io.StringIO()
    progress = Progress(Console(file=said, width=200))
    monkeypatch.setattr("jobs.train.fitting.POLL_SECONDS", 0.01)
    monkeypatch.setattr("jobs.console.PLAIN_SECONDS", 0.0)
    task = SimpleNamespace(folder="runs/walks/1", steps=5)
    (tmp_path / "down").touch()
    with _shown(store, task, progress, Tracking(store, task.folder, [], progress)):  # type: ignore[arg-type]
        store.put(f"runs/walks/1/{PLACE}", canonical_json({"step": 3, "steps": 5, "epoch": 0, "loss": 0.5}))
        _until(lambda: "cannot be read" in said.getvalue())
        (tmp_path / "down").unlink()
        _until(lambda: "training: 3 of 5" in said.getvalue())
    assert said.getvalue().count("how far training is cannot be read") == 1


def _until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)
