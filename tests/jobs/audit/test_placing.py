"""Demonstrations lie in the same situations, whichever scorers say so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from iirl_core.artifact import load_from
from iirl_core.audit.placing import place
from iirl_core.norm import norms_of
from jobs.audit.material import gather_material
from jobs.audit.placing import placed
from jobs.audit.scorers import ScorerPool
from jobs.scorer import Scorer
from tests.jobs.audit.turning import make_root, wheel_config
from tests.jobs.losing import lost_once


@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
def test_the_share_of_a_scorer_that_is_lost_is_placed_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.audit.scorers.Scorer", lost_once(Scorer, "place", 1, tmp_path / "lost"))
    session, root = make_root(tmp_path)
    config, artifact = wheel_config(tmp_path), load_from(session.store, root)
    norms, material = gather_material(session.store, config, artifact, norms_of(config), ())
    expected = place(artifact.model, material, range(len(material.demonstrations)))
    assert len({int(number) for numbers in expected.values() for number in numbers}) > 1
    with ScorerPool(session, config.audit) as scorers:
        found = placed(scorers, scorers.assign(root, norms, material), material)
    assert (tmp_path / "lost").exists()
    assert len(found) == len(expected)
    assert all(np.array_equal(numbers, expected[index]) for index, numbers in enumerate(found))
