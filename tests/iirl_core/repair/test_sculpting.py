"""Ceilings and floors of a model whose signal tells flaws from known-good states, and whose map was drawn too wide."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest
import torch

from iirl_core.artifact import Guard
from iirl_core.audit import Finding
from iirl_core.canonical import digest_bytes
from iirl_core.config.governance import PatchSection
from iirl_core.demonstration import Input, Trajectory
from iirl_core.mapping.sigmoid import Sigmoid
from iirl_core.norm import Norm, NormKind
from iirl_core.probe import ChunkSeed, material_of
from iirl_core.repair import Offer, Plan, choose, ground_of
from iirl_core.repair.sculpting import cut, sculpts
from iirl_core.repair.standing import Standing
from iirl_core.reward_model import RewardModel
from tests.iirl_core.repair.test_projecting import told_apart

SECTION = PatchSection(kinds=["sculpting"])
CEILING = Norm("bad-is-low", NormKind.CEILING, True, 4, 0.3, 0.05, ("far",), "bad", "me")
FLOOR = Norm("good-is-high", NormKind.FLOOR, True, 4, 0.9, 0.05, ("perturbed",), "good", "me")


def states(count: int, seed: int, goal: float) -> list[Input]:
    """Eight numbers, all of which say how good a state is."""
    rows = np.random.default_rng(seed).normal(0, 0.6, (count, 8)) + goal * np.repeat([1, -1], 4)
    return [Trajectory(row[None].astype(np.float32)) for row in rows]


@cache
def apart() -> tuple[RewardModel, Guard, tuple[Input, ...]]:
    return told_apart(states(300, 1, 1.0), states(300, 2, -1.0), states(80, 3, 1.0))


@cache
def generous(centre: float) -> tuple[RewardModel, Guard, tuple[Input, ...]]:
    """The model under a map that is half way up at ``centre``."""
    model, guard, train = apart()
    wide = RewardModel(model.encoder, model.expertness, Sigmoid(centre, 0.8), model.spaces, model.support)
    return wide, Guard.of(wide, guard.z, guard.known_good), train


def finding(norm: Norm, item: Input, reward: float, number: int) -> Finding:
    excess = reward - norm.threshold if norm.kind is NormKind.CEILING else norm.threshold - reward
    label = f"far/1.0.{number}"
    return Finding(digest_bytes(b""), 1, norm.id, True, 4, "far", label, "", (item,), (reward,), excess)


def broken(model: RewardModel, norm: Norm, items: list[Input]) -> list[Finding]:
    found = [finding(norm, item, model.read([item])[0].reward, number) for number, item in enumerate(items)]
    return [one for one in found if one.excess > 0]


def repaired(centre: float, norm: Norm, items: list[Input], section: PatchSection = SECTION) -> Plan:
    model, guard, train = generous(centre)
    found = broken(model, norm, items)
    assert len(found) > 10
    material = material_of(model, [norm], train)
    seed = ChunkSeed("trial", 1, "", 0)
    ground = ground_of(model, found, [norm], material=material, seed=seed, section=section.trial)
    return choose(found, ground, guard, section, 1)


BAD = states(80, 21, -1.0)


def test_a_ceiling_is_held_by_a_lower_map_where_signals_tell_flaws_from_known_good() -> None:
    model, guard, _ = generous(-6.0)
    plan = repaired(-6.0, CEILING, BAD)
    (offer,) = plan.chosen
    assert offer.kind == "sculpting"
    assert plan.trial is not None
    assert plan.trial.mended == len(offer.claimed) > 0.9 * len(broken(model, CEILING, BAD))
    made = model.with_repairs(plan.repairs)
    signals = torch.linspace(-20, 20, 4001)
    assert (made.shaped.reward(signals).diff() >= 0).all()
    assert len(broken(made, CEILING, states(200, 22, -1.0))) < 0.05 * 200, "also of what nobody asked about"
    assert (made.rewards(guard.z) >= 0.95 * guard.root_rewards - 1e-6)[guard.root_rewards >= 0.5].all()
    unseen = states(300, 23, 1.0)
    kept = [b.reward >= 0.95 * a.reward for a, b in zip(model.read(unseen), made.read(unseen), strict=True)]
    assert sum(kept) >= 0.98 * len(kept)


def test_a_floor_is_held_by_a_raised_map() -> None:
    model, _, _ = generous(4.5)
    good = states(80, 24, 1.0)
    plan = repaired(4.5, FLOOR, good)
    (offer,) = plan.chosen
    assert offer.repairs.sculpts[0].side == "raise"
    made = model.with_repairs(plan.repairs)
    assert not broken(made, FLOOR, [one.offender for one in broken(model, FLOOR, good) if one.id in offer.claimed])
    assert plan.trial is not None
    assert plan.trial.cost == 0


def few_apart() -> list[Offer]:
    """What is offered where ten flaws lie below the known-good rows, and forty among them."""
    model, guard, train = generous(-6.0)
    items = [*broken_items(10), *train[:40]]
    found = [finding(CEILING, item, 0.9, number) for number, item in enumerate(items)]
    material = material_of(model, [CEILING], train)
    seed = ChunkSeed("t", 1, "", 0)
    ground = ground_of(model, found, [CEILING], material=material, seed=seed, section=SECTION.trial)
    return list(sculpts(found, Standing(ground, guard, SECTION, 1)))


def broken_items(count: int) -> list[Input]:
    return [one.offender for one in broken(generous(-6.0)[0], CEILING, BAD)[:count]]


def test_signals_that_do_not_tell_them_apart_give_no_sculpt() -> None:
    model, guard, train = generous(-6.0)
    found = [finding(CEILING, item, 0.9, number) for number, item in enumerate(train[:40])]
    material = material_of(model, [CEILING], train)
    ground = ground_of(model, found, [CEILING], material=material, seed=ChunkSeed("t", 1, "", 0), section=SECTION.trial)
    assert list(sculpts(found, Standing(ground, guard, SECTION, 1))) == []
    assert few_apart() == [], "nor do a few among many"


def test_one_sculpt_is_smaller_than_many_kernels_and_therefore_chosen() -> None:
    every = PatchSection(spaces=["input"])
    plan = repaired(-6.0, CEILING, BAD, every)
    assert {offer.kind for offer in plan.considered} == {"kernels", "sculpting"}
    cheapest = min((offer for offer in plan.considered if offer.trial.passed), key=lambda offer: offer.price)
    assert plan.chosen[0] == cheapest


@pytest.mark.parametrize("sign", [1, -1])
def test_the_cut_lies_between_flaws_and_what_is_kept(sign: int) -> None:
    flaws, kept = sign * torch.tensor([-5.0, -4.0, 3.0]), sign * torch.linspace(1.0, 11.0, 101)
    found = cut(sign * flaws, sign * kept)
    assert found is not None
    assert found.mended == (True, True, False)
    assert found.outer == pytest.approx(0.9)
    assert found.inner == pytest.approx((-4 + 0.9) / 2)
    assert cut(torch.tensor([2.0]), torch.tensor([1.0, 3.0])) is None
    alone = cut(torch.tensor([0.0, 1.0]), torch.zeros(0))
    assert alone is not None
    assert alone.outer > alone.inner > 1


def test_a_second_sculpt_acts_on_what_the_first_left() -> None:
    model, _, _ = generous(-6.0)
    plan = repaired(-6.0, CEILING, BAD)
    (first,) = plan.repairs.sculpts
    lower = dataclasses.replace(first, knots=tuple((signal, reward / 2) for signal, reward in first.knots))
    both = model.with_repairs(dataclasses.replace(plan.repairs, sculpts=(first, lower)))
    z = model.encoder.encode(BAD).z
    assert both.rewards(z).max() <= 0.5 * 0.9 * CEILING.threshold + 1e-6
