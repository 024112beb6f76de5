"""Known-good rows are held to what is left of their budget, wherever they lie."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from iirl_core.demonstration import Trajectory
from iirl_core.patch import Ball, Repairs, Sculpt
from iirl_core.repair.kept import kept_of
from iirl_core.repair.seen import seen_rows
from tests.iirl_core.artifact.samples import patch_at
from tests.iirl_core.probe.samples import planar


def test_known_good_rows_may_lose_a_share_of_what_the_root_gave_them() -> None:
    model, guard, _ = planar()
    kept = kept_of(model, guard, 0.05)
    good = guard.root_rewards >= 0.5
    count = len(guard.z)
    assert len(kept.z) == count + len(guard.known_good)
    assert torch.allclose(kept.floor[:count][good], 0.96 * guard.root_rewards[good], atol=2e-6)
    assert torch.allclose(kept.least[:count][good], 0.98 * guard.root_rewards[good], atol=2e-6)
    assert (kept.floor[:count][~good] == 0).all()
    taken = patch_at(model, Trajectory(np.float32([[1.0, 0.0]])), strength=0.5, width=0.5)
    now = kept_of(model.with_repairs(Repairs((taken,))), guard, 0.05)
    rewards = model.with_patches([taken]).rewards(now.z)
    assert (now.floor <= rewards).all(), "what repairs took already is not asked back"
    assert (rewards[:count] < 0.9 * guard.root_rewards).any()


def test_a_map_that_was_sculpted_in_a_region_is_the_rows_own() -> None:
    model, guard, _ = planar()
    z = torch.cat([guard.z, guard.known_good])
    inside = Trajectory(np.float32([[1.0, 0.0]]))
    phi, _ = model.space(model.encoder.encode([inside]).z, "input")
    ball = Ball("input", 0, tuple(phi[0, 0].tolist()), 0.2, 0.4)
    signal = model.rows(z).signal
    low, high = float(signal.min()) - 1, float(signal.max()) + 1
    repaired = model.with_repairs(
        Repairs(sculpts=(Sculpt("lower", ((low, 0.4), (high, 0.4)), ("f",), ("n",), 1, ball=ball),))
    )
    kept = kept_of(repaired, guard, 0.05)
    rewards = repaired.rewards(z)
    assert (rewards < model.rewards(z) - 0.3).any()
    assert torch.allclose(kept.rewards(kept.signal), rewards, atol=1e-6)
    some = torch.tensor([0, len(z) - 1])
    assert torch.allclose(kept.pick(some).rewards(kept.signal[some]), rewards[some], atol=1e-6)
    asked = repaired.encoder.encode([inside]).z
    there = seen_rows(repaired, asked, repaired.rows(asked))
    assert there.rewards(model.rows(asked).signal).tolist() == pytest.approx([0.4], abs=0.01)
