"""What ends a run before its last step: a loss that is no number, a checkpoint that is not whole."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from cluster.session import Session
from iirl_core.errors import ConfigError, Tampered
from iirl_core.store import DirectoryStore
from jobs.train import run
from jobs.train.stepping import CHECKPOINTS, check_whole
from tests.jobs.train.made import make_builder, make_corpora, walks_config
from tests.jobs.wheel import quiet


@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
def test_a_loss_that_is_no_number_ends_training_with_what_to_do(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    make_corpora(store)
    make_builder(tmp_path)
    config = walks_config(tmp_path, optimiser={"learning_rate": 1e39}, max_failures=0)
    with pytest.raises(
        ConfigError, match=r"loss of step \d+ is (nan|inf).*Lower train\.optimiser\.learning_rate"
    ) as said:
        run(Session(store), config, quiet())
    assert "\n" not in str(said.value)
    assert not store.exists("runs/walks/latest")


def test_a_checkpoint_that_was_cut_short_is_named_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "state" / "mp_rank_00_model_states.pt"
    file.parent.mkdir()
    torch.save({"weight": torch.zeros(1000)}, file)
    check_whole(tmp_path, "runs/walks/1")
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(Tampered, match=rf"{file.name} .*cut short.*remove runs/walks/1/{CHECKPOINTS} to train"):
        check_whole(tmp_path, "runs/walks/1")
