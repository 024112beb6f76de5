"""What training ends with: the weights of the last checkpoint, which never pass through the driver's memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.session import Session
from iirl_core.config import Config
from iirl_core.release import resolve
from jobs.train import run
from tests.jobs.train.made import make_builder, make_corpora, walks_config
from tests.jobs.train.sparing import SparingStore
from tests.jobs.wheel import quiet


@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
@pytest.mark.parametrize("family", ["autoencoder_mixture", "occupancy"])
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
