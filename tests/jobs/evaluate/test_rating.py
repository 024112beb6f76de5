"""Inputs are rated alike and in order, whichever scorers do it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from iirl_core.artifact import load_from
from jobs.audit.scorers import ScorerPool
from jobs.evaluate.rating import BATCH, Raters
from jobs.evaluate.scoring import score
from jobs.scorer import Scorer
from tests.iirl_core.artifact.samples import walks
from tests.jobs.audit.turning import make_root, wheel_config
from tests.jobs.losing import lost_once


@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
def test_the_batches_of_a_scorer_that_is_lost_are_rated_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.audit.scorers.Scorer", lost_once(Scorer, "rate", 2, tmp_path / "lost"))
    session, root = make_root(tmp_path)
    inputs, told = walks(6 * BATCH + 5, seed=7), list[int]()
    with ScorerPool(session, wheel_config(tmp_path).audit) as pool:
        rated = Raters(pool, remote=False).score(root, inputs, told.append)
    assert (tmp_path / "lost").exists()
    assert told == [BATCH] * 6 + [5]
    expected = score(load_from(session.store, root).model, inputs)
    assert np.ptp(expected.inputs) > 0.01
    np.testing.assert_allclose(rated.inputs, expected.inputs, atol=1e-6)
    np.testing.assert_allclose(rated.rows, expected.rows, atol=1e-6)
