"""A reward with a habit that must not matter: states whose second number the demonstrators happened to keep at one."""

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
from iirl_core.encoder import fit_encoder
from iirl_core.expertness import Discriminator, build_expertness
from iirl_core.norm import Norm, NormKind
from iirl_core.norm.judge import judge
from iirl_core.patch.propose import flaws_of
from iirl_core.probe import ChunkSeed, material_of
from iirl_core.repair import Ground, Plan, choose, ground_of
from iirl_core.repair.directions import differences, leading
from iirl_core.repair.projecting import projections
from iirl_core.repair.standing import Standing
from iirl_core.reward_model import RewardModel, assemble
from tests.iirl_core.artifact.samples import config, fit

HABIT = Norm("habit", NormKind.INVARIANCE, True, 3, 0.1, 0.05, ("pairs",), "it says nothing", "me")
SECTION = PatchSection()


def states(count: int, seed: int, goal: float, habit: float) -> list[Input]:
    """Three numbers: what matters, a habit, and noise."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(0, 1, (count, 3)) * [0.3, 0.05, 0.3] + np.array([goal, habit, 0.0])
    return [Trajectory(row[None].astype(np.float32)) for row in rows]


@cache
def habitual() -> tuple[RewardModel, Guard, tuple[Input, ...]]:
    """Told from negatives by what matters and, more easily, by the habit."""
    return told_apart(states(300, 1, 1.0, 0.7), states(300, 2, -1.0, -0.7), states(80, 3, 1.0, 0.7))


def told_apart(
    train: list[Input], negatives: list[Input], guard: list[Input]
) -> tuple[RewardModel, Guard, tuple[Input, ...]]:
    """A discriminator of states, trained for a moment; its guard set and its demonstrations."""
    sections = config(
        encoder={"kind": "trajectory", "rows": "states"},
        expertness={"family": "discriminator", "hidden": 16, "members": 2},
        mapping={"kind": "sigmoid"},
        corpora=[
            {"name": "walks", "files": ["walks.npz"]},
            {"name": "bad", "role": "negatives", "files": ["bad.npz"]},
        ],
    )
    encoder = fit_encoder(sections.encoder, [*train, *negatives])
    z, z_bad, z_guard = (encoder.encode(items).z for items in (train, negatives, guard))
    torch.manual_seed(0)
    expertness = build_expertness(sections.expertness, encoder.width)
    assert isinstance(expertness, Discriminator)
    expertness.balance(300, 300)
    fit(expertness, torch.cat([z, z_bad]), torch.tensor([1.0] * 300 + [0.0] * 300), steps=60)
    model = assemble(sections.mapping, encoder, expertness, z_train=z, z_guard=z_guard, z_contrast=z_bad)
    return model, Guard.of(model, z_guard, z), tuple(train)


def without_habit(item: Input) -> Input:
    assert isinstance(item, Trajectory)
    return Trajectory(item.observations * np.float32([1, -0.3, 1]))


def found(norm: Norm = HABIT) -> list[Finding]:
    model, _, train = habitual()
    made = []
    for number, item in enumerate(train[:60]):
        pair = (item, without_habit(item))
        rewards = tuple(np.array(reading.step_rewards, dtype=np.float32) for reading in model.read(pair))
        judged = judge(norm, pair, rewards)
        if judged.broken:
            told = tuple(float(one.mean()) for one in rewards)
            label = f"pairs/1.0.{number}"
            made.append(Finding(digest_bytes(b""), 1, norm.id, True, 3, "pairs", label, "", pair, told, judged.excess))
    return made


def ground(*norms: Norm) -> Ground:
    model, _, train = habitual()
    material = material_of(model, norms, train)
    seed = ChunkSeed("trial", 1, "", 0)
    return ground_of(model, found(), norms, material=material, seed=seed, section=SECTION.trial)


def chosen(*norms: Norm) -> Plan:
    return choose(found(), ground(*norms), habitual()[1], SECTION, 1)


def test_the_direction_of_a_habit_is_found_from_its_findings() -> None:
    model, _, _ = habitual()
    findings = found()
    assert len(findings) > 20
    apart = differences(model, [(one.inputs[0], one.inputs[1]) for one in findings], [0] * len(findings))
    (direction,) = leading(apart, 4)  # and no second one: there is but one way to lose the habit
    assert abs(direction[1]) > 0.99
    assert torch.allclose(direction.norm(), torch.ones((), dtype=torch.float64))


def test_what_an_edit_does_to_all_comes_before_what_it_does_to_most_differently() -> None:
    generator = torch.Generator().manual_seed(0)
    apart = 0.1 * torch.randn(200, 3, generator=generator)
    apart[:, 0] += 0.5  # small beside the next, but always the same way
    spread = 4 * torch.randn(200, generator=generator)
    apart[:, 1] += spread - spread.mean()
    first, second = leading(apart, 2)
    assert abs(first[0]) > 0.99
    assert abs(second[1]) > 0.99


def test_an_invariance_that_no_kernel_mends_is_mended_by_removing_its_direction() -> None:
    model, guard, _ = habitual()
    assert flaws_of(model, found(), [HABIT])[1], "kernels refuse all of it"
    plan = chosen(HABIT)
    (offer,) = plan.chosen
    assert offer.kind == "projection"
    assert len(plan.repairs.projections[0].directions) == 1
    assert plan.trial is not None
    assert plan.trial.passed
    assert not plan.trial.local
    assert plan.trial.mended == len(offer.claimed) > 0.9 * len(found())
    assert set(plan.repairs.projections[0].findings) == offer.claimed
    repaired = model.with_repairs(plan.repairs)
    other = states(100, 9, 1.0, 0.7)
    apart = [
        abs(a.reward - b.reward)
        for a, b in zip(repaired.read(other), repaired.read([without_habit(one) for one in other]), strict=True)
    ]
    assert max(apart) < HABIT.threshold, "also where nobody looked"
    bad = repaired.read(states(100, 10, -1.0, 0.7))
    good = repaired.read(states(100, 10, 1.0, -0.7))
    assert np.mean([one.reward for one in good]) > np.mean([one.reward for one in bad]) + 0.05
    kept = repaired.rewards(guard.z) >= 0.95 * guard.root_rewards - 1e-6
    assert kept[guard.root_rewards >= 0.5].all()


def test_a_projection_that_costs_too_much_is_offered_with_what_speaks_against_it_and_not_chosen() -> None:
    model, guard, _ = habitual()
    strict = SECTION.model_copy(update={"budget": 1e-6})
    standing = Standing(ground(HABIT), guard, strict, 1)
    offers = list(projections(found(), standing))
    assert offers
    assert all("lose more than their budget" in " ".join(offer.trial.reasons) for offer in offers)
    plan = choose(found(), ground(HABIT), guard, strict, 1)
    assert plan.chosen == ()
    assert {one.finding for one in plan.refused} == {one.id for one in found()}
    assert model.repairs == plan.repairs


def test_of_projections_that_mend_too_few_the_best_is_told_and_none_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    more = np.random.default_rng(3).normal(size=(12, 1, 3))
    apart = [
        dataclasses.replace(one, inputs=(one.inputs[0], Trajectory((15 * by).astype(np.float32))))
        for one, by in zip(found(), more, strict=False)
    ]
    model, guard, train = habitual()
    material = material_of(model, [HABIT], train)
    asked = ground_of(model, apart, [HABIT], material=material, seed=ChunkSeed("t", 1, "", 0), section=SECTION.trial)
    monkeypatch.setattr("iirl_core.repair.projecting.COUNTS", (1, 1))
    (offer,) = projections(apart, Standing(asked, guard, SECTION, 1))
    assert len(offer.claimed) < 6
    few = f"it mends {len(offer.claimed)} of the 12 findings that it is for, less than 50%"
    assert offer.trial.reasons[-1] == few
    section = SECTION.model_copy(update={"kinds": ["projection"]})
    plan = choose(apart, asked, guard, section, 1)
    assert plan.chosen == ()
    assert plan.considered == (offer,)


def test_what_was_removed_once_is_not_removed_again() -> None:
    model, _, _ = habitual()
    pairs = [(one.inputs[0], one.inputs[1]) for one in found()]
    child = model.with_repairs(chosen(HABIT).repairs)
    assert (
        differences(child, pairs, [0] * len(pairs)).abs().max()
        < 0.1 * differences(model, pairs, [0] * len(pairs)).abs().max()
    )


def test_kinds_that_the_configuration_does_not_name_are_not_tried() -> None:
    kernels = SECTION.model_copy(update={"kinds": ["kernels"]})
    plan = choose(found(), ground(HABIT), habitual()[1], kernels, 1)
    assert plan.considered == ()
    assert all("not mended by a kernel" in one.reason for one in plan.refused)


def test_without_kernels_no_flaw_is_refused_because_a_kernel_does_not_mend_it() -> None:
    section = SECTION.model_copy(update={"kinds": ["sculpting"]})
    plan = choose(found(), ground(HABIT), habitual()[1], section, 1)
    assert {one.reason for one in plan.refused} == {"nothing in patch.kinds mends it: train again"}
