"""What ends a run before its last step: a loss that is no number, a checkpoint that is not whole; and its last one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import ray.train
import torch

from cluster.session import Session
from iirl_core.errors import ConfigError, Tampered
from iirl_core.store import DirectoryStore
from jobs.train import run
from jobs.train.best import best_key
from jobs.train.engine import SHAPES
from jobs.train.journal import METRICS, held_out_of
from jobs.train.order import Order
from jobs.train.stepping import CHECKPOINTS, REACHED, check_whole, take_steps
from jobs.train.stopping import best_of
from jobs.train.weights import WEIGHTS
from tests.jobs.train.made import make_builder, make_corpora, walks_config
from tests.jobs.train.sparing import SparingStore
from tests.jobs.train.test_features import read, write
from tests.jobs.train.test_judging import SECTIONS, engine_of
from tests.jobs.wheel import quiet

RANK = "state/mp_rank_00_model_states.pt"


@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
def test_a_loss_that_is_no_number_ends_training_with_what_to_do(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    make_corpora(store)
    make_builder(tmp_path)
    config = walks_config(tmp_path, optimiser={"learning_rate": 1e39}, max_failures=0)
    with pytest.raises(
        ConfigError,
        match=r"(loss|gradient) of step \d+ is not a number.*Lower optimiser\.learning_rate or",
    ) as said:
        run(Session(store), config, quiet())
    assert "\n" not in str(said.value)
    assert not store.exists("runs/walks/latest")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """What a run saves: torch's file of a rank, and the documents beside it."""
    folder = tmp_path / "checkpoint"
    (folder / "state").mkdir(parents=True)
    torch.save({"weight": torch.zeros(1000)}, folder / RANK)
    (folder / SHAPES).write_text('{"weight": [1000]}', encoding="utf-8")
    (folder / REACHED).write_text('{"step": 7, "epoch": 1, "loss": 0.5}', encoding="utf-8")
    (folder / METRICS).write_text('{"step": 6, "loss": 0.6}\n{"step": 7, "loss": 0.5}\n', encoding="utf-8")
    check_whole(folder, "runs/walks/1")
    return folder


@pytest.mark.parametrize("name", [RANK, SHAPES, REACHED, METRICS])
def test_a_checkpoint_that_was_cut_short_is_named_with_what_to_do(checkpoint: Path, name: str) -> None:
    file = checkpoint / name
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(Tampered, match=rf"{file.name} .*cut short.*remove runs/walks/1/{CHECKPOINTS} to train"):
        check_whole(checkpoint, "runs/walks/1")


@pytest.mark.parametrize(
    ("name", "said"), [(RANK, "the state of the model"), (SHAPES, SHAPES), (REACHED, REACHED), (METRICS, METRICS)]
)
def test_a_checkpoint_that_lacks_something_is_not_whole(checkpoint: Path, name: str, said: str) -> None:
    (checkpoint / name).unlink()
    with pytest.raises(Tampered, match=f"{said} of .*gone"):
        check_whole(checkpoint, "runs/walks/1")


class Unread(SparingStore):
    def local_file(self, key: str, cache: Path) -> Path:
        raise AssertionError(f"{key} is read into {cache}")


@pytest.mark.usefixtures("one_rank")
@pytest.mark.parametrize("rank", [0, 1])
def test_the_best_weights_are_read_by_the_rank_that_writes_them_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rank: int
) -> None:
    saved: list[bytes | None] = []

    def report(_metrics: object, checkpoint: ray.train.Checkpoint) -> None:
        file = Path(checkpoint.path) / WEIGHTS
        saved.append(file.read_bytes() if file.exists() else None)

    context = SimpleNamespace(get_world_rank=lambda: rank, get_world_size=lambda: 2)
    for name, answer in {"get_context": lambda: context, "get_checkpoint": lambda: None, "report": report}.items():
        monkeypatch.setattr(ray.train, name, answer)
    store = (Unread if rank else SparingStore)(tmp_path / "store")
    write(store, "a.parquet", np.arange(8))
    engine = engine_of(SECTIONS[0], held_out={"every": 1, "patience": 9}, optimiser={"learning_rate": 0.5})
    task = SimpleNamespace(folder="runs/x", train=engine.section, steps=6)
    take_steps(task, store, engine, Order(8, 4, 0), read(store), held_out=read(store))  # type: ignore[arg-type]
    if rank:
        assert saved == [None]
        return
    best = best_of(held_out_of(store.get(f"runs/x/{METRICS}").splitlines()))
    assert saved == [(store.root / best_key("runs/x", best.step)).read_bytes()]
