from __future__ import annotations

import dataclasses

import pytest
import torch

from iirl_core.canonical import digest_json
from iirl_core.errors import ArtifactError
from iirl_core.mapping.sigmoid import Sigmoid
from iirl_core.patch import Ball, Repairs, Sculpt
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


def test_in_a_region_the_map_is_shaped_there_alone() -> None:
    model: RewardModel = trajectory_draft().model
    z = trajectory_draft().guard.z
    phi, _ = model.space(z, "input")
    signal = model.rows(z).signal
    ball = Ball("input", 0, tuple(phi[0, 0].tolist()), core=0.2, radius=0.5)
    top = float(signal.max()) + 1.0
    one = dataclasses.replace(lower((top, 0.05), (top + 1, 1.0)), ball=ball)
    rows, before = model.with_repairs(Repairs(sculpts=(one,))).rows(z), model.rows(z)
    away = torch.linalg.vector_norm(phi[:, 0] - phi[0, 0], dim=1)
    assert rows.reward[away <= 0.2].max() <= 0.05 + 1e-6
    assert (away <= 0.2).sum() > 1
    assert torch.equal(rows.reward[away >= 0.5], before.reward[away >= 0.5])
    between = (away > 0.2) & (away < 0.5) & (before.reward > 0.06)
    assert between.any()
    assert ((rows.reward < before.reward) & (rows.reward > 0.05))[between].all()
    assert torch.equal(rows.reward, model.with_repairs(Repairs(sculpts=(one,))).rewards(z))
    assert torch.allclose(rows.reward, rows.unpatched + rows.reshaped, atol=1e-6)


def test_whole_and_regional_sculpts_act_in_their_order_on_any_number_of_signals_a_row() -> None:
    places = torch.linspace(-1, 1, 9)[:, None, None]
    inside = Ball("input", 0, (0.0,), core=0.3, radius=0.6)
    sculpts = [
        lower((0.0, 0.3), (2.0, 1.0)),
        dataclasses.replace(lower((-1.0, 0.0), (0.0, 0.9), side="raise"), ball=inside),
        lower((1.0, 0.7), (2.0, 1.0)),
    ]
    placed = Sculpted.of(BASE, sculpts).at(lambda space: (places, torch.ones(9, 1)))
    signals = torch.linspace(-3, 3, 5)[:, None].expand(5, 9)
    wanted = BASE.reward(signals)
    for one in sculpts:
        weight = None if one.ball is None else one.ball.weight(places, torch.ones(9, 1))
        wanted = one.apply(signals, wanted, weight)
    assert torch.equal(placed.reward(signals), wanted)
    assert wanted[2, [0, 4]].tolist() == pytest.approx([0.3, 0.7]), "lowered, and inside raised, and lowered again"
    some = torch.tensor([4, 0, 4, 7])
    assert torch.equal(placed.pick(some).reward(signals[:, some]), wanted[:, some])


def test_a_region_is_part_of_the_name_and_none_leaves_the_name_as_it_was() -> None:
    whole = lower((-0.5, 0.2), (0.5, 1.0))
    assert whole.id == "m-" + digest_json(["lower", [[-0.5, 0.2], [0.5, 1.0]], 1, ["f-1"], ["n"]])[7:19]
    names = {
        dataclasses.replace(whole, ball=Ball("input", 0, (x,), core, 1.0)).id for x in (0.0, 1.0) for core in (0.0, 0.5)
    }
    assert len(names | {whole.id}) == 5


def test_a_region_that_does_not_fit_the_model_is_refused() -> None:
    model: RewardModel = trajectory_draft().model
    for ball in (Ball("input", 0, (0.0,), 0.0, 1.0), Ball("latent", 7, (0.0,), 0.0, 1.0)):
        one = dataclasses.replace(lower((-0.5, 0.2), (0.5, 1.0)), ball=ball)
        with pytest.raises(ArtifactError, match=f"patch {one.id} at expert"):
            model.with_repairs(Repairs(sculpts=(one,)))


def test_slopes_pass_through_the_line() -> None:
    signal = torch.tensor([0.0, 2.0], requires_grad=True)
    Sculpted.of(BASE, [lower((-0.5, 0.0), (0.5, 0.8))]).reward(signal).sum().backward()  # type: ignore[no-untyped-call]
    assert signal.grad is not None
    assert signal.grad.tolist() == pytest.approx([0.8, 0.0])


def test_what_is_no_line_is_refused() -> None:
    alike = ((1.0, 0.1), (1.0 + 1e-12, 0.2))  # one signal as float32
    for knots in (((0.0, 0.1),), ((0.0, 0.1), (0.0, 0.2)), alike, ((0.0, 0.4), (1.0, 0.2)), ((0.0, 0.4), (1.0, 1.2))):
        with pytest.raises(ArtifactError, match="sculpted map"):
            lower(*knots)
