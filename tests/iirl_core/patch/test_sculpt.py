from __future__ import annotations

import dataclasses

import pytest
import torch

from iirl_core.errors import ArtifactError
from iirl_core.mapping.sigmoid import Sigmoid
from iirl_core.patch import Repairs, Sculpt
from iirl_core.patch.sculpt import Sculpted, Side
from iirl_core.reward_model import RewardModel
from tests.iirl_core.artifact.samples import text_draft, trajectory_draft

BASE = Sigmoid(0.0, 1.0)
SIGNALS = torch.linspace(-6, 6, 241)


def lower(*knots: tuple[float, float], side: Side = "lower") -> Sculpt:
    return Sculpt(side, knots, ("f-1",), ("n",), 1)


def test_below_the_cut_the_map_is_held_down_and_above_it_left_alone() -> None:
    made = Sculpted.of(BASE, [lower((-0.5, 0.2), (0.5, 1.0))]).reward(SIGNALS)
    base = BASE.reward(SIGNALS)
    assert made[SIGNALS <= -0.5].max() <= 0.2
    assert torch.equal(made[SIGNALS >= 0.5], base[SIGNALS >= 0.5])
    assert torch.equal(made[base < 0.2], base[base < 0.2])
    assert (made.diff() >= 0).all()


def test_above_the_cut_it_is_held_up() -> None:
    made = Sculpted.of(BASE, [lower((-1.0, 0.0), (-0.5, 0.6), side="raise")]).reward(SIGNALS)
    assert made[SIGNALS >= -0.5].min() >= 0.6
    assert torch.equal(made[SIGNALS <= -1.0], BASE.reward(SIGNALS)[SIGNALS <= -1.0])
    assert (made.diff() >= 0).all()


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_knots_the_map_stays_monotone_and_bounded(seed: int) -> None:
    draws = torch.rand(3, 4, generator=torch.Generator().manual_seed(seed))
    sculpts = [
        lower(*zip((12 * draw.cumsum(0) - 12).tolist(), draw.sort().values.tolist(), strict=True), side=side)
        for draw, side in zip(draws, ("lower", "raise", "lower"), strict=True)
    ]
    made = Sculpted.of(BASE, sculpts).reward(SIGNALS)
    assert (made.diff() >= -1e-6).all()
    assert made.min() >= 0
    assert made.max() <= 1


def test_a_disabled_one_does_nothing_and_keeps_its_name() -> None:
    one = lower((-0.5, 0.2), (0.5, 1.0))
    off = dataclasses.replace(one, enabled=False)
    assert off.id == one.id
    assert torch.equal(Sculpted.of(BASE, [off]).reward(SIGNALS), BASE.reward(SIGNALS))


@pytest.mark.parametrize("draft", [trajectory_draft, text_draft])
def test_a_model_reads_through_its_sculpted_map(draft: type) -> None:
    model: RewardModel = draft().model
    z = draft().guard.z
    signal = model.rows(z).signal
    middle = float(signal.median())
    shaped = model.with_repairs(Repairs(sculpts=(lower((middle, 0.1), (middle + 1e-3, 1.0)),)))
    rows = shaped.rows(z)
    assert torch.equal(rows.reward, shaped.rewards(z))
    assert rows.reward[signal <= middle].max() <= 0.1 + 1e-6
    assert torch.equal(rows.unpatched, model.rows(z).unpatched)
    assert torch.allclose(rows.reward, rows.unpatched + rows.reshaped, atol=1e-6)
    assert torch.equal(rows.signal, signal)


def test_slopes_pass_through_the_line() -> None:
    signal = torch.tensor([0.0, 2.0], requires_grad=True)
    Sculpted.of(BASE, [lower((-0.5, 0.0), (0.5, 0.8))]).reward(signal).sum().backward()  # type: ignore[no-untyped-call]
    assert signal.grad is not None
    assert signal.grad.tolist() == pytest.approx([0.8, 0.0])


def test_what_is_no_line_is_refused() -> None:
    for knots in (((0.0, 0.1),), ((0.0, 0.1), (0.0, 0.2)), ((0.0, 0.4), (1.0, 0.2)), ((0.0, 0.4), (1.0, 1.2))):
        with pytest.raises(ArtifactError, match="sculpted map"):
            lower(*knots)
