"""Two kinds of good states, of which one is rewarded less: flaws near the other kind earn as much as that, so that no
cut of the whole map tells them apart, and one in their region does.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from iirl_core.artifact import Guard
from iirl_core.audit import Finding
from iirl_core.canonical import digest_bytes
from iirl_core.config.governance import PatchSection
from iirl_core.demonstration import Input, Trajectory
from iirl_core.norm import Norm, NormKind
from iirl_core.probe import ChunkSeed, material_of
from iirl_core.repair import choose, ground_of
from iirl_core.repair.regions import reached, regions
from iirl_core.repair.standing import Standing
from iirl_core.reward_model import RewardModel
from tests.iirl_core.artifact.samples import trajectory_draft, walks
from tests.iirl_core.repair.test_projecting import told_apart

SECTION = PatchSection(kinds=["sculpting"])
CEILING = Norm("bad-is-low", NormKind.CEILING, True, 4, 0.3, 0.05, ("far",), "bad", "me")


def states(count: int, seed: int, quality: float, kind: float, spread: float = 0.3) -> list[Input]:
    """Eight numbers: six say how good a state is, and two of which kind."""
    ways = np.array([quality, -quality, quality, -quality, quality, -quality, kind, -kind])
    rows = np.random.default_rng(seed).normal(0, spread, (count, 8)) + ways
    return [Trajectory(row[None].astype(np.float32)) for row in rows]


@cache
def two_kinds() -> tuple[RewardModel, Guard, tuple[Input, ...]]:
    train = [*states(150, 1, 2.0, 1.0), *states(150, 2, 0.5, -1.0)]
    negatives = [*states(150, 3, -1.0, 1.0), *states(150, 4, -1.0, -1.0)]
    return told_apart(train, negatives, [*states(40, 5, 2.0, 1.0), *states(40, 6, 0.5, -1.0)])


BAD = states(40, 7, 1.1, 1.0, spread=0.1)


def broken(model: RewardModel, items: list[Input]) -> list[Finding]:
    rewards = [reading.reward for reading in model.read(items)]
    return [
        Finding(digest_bytes(b""), 1, CEILING.id, True, 4, "far", f"far/1.0.{n}", "", (item,), (r,), r - 0.3)
        for n, (item, r) in enumerate(zip(items, rewards, strict=True))
        if r > 0.3
    ]


@cache
def standing() -> Standing:
    model, guard, train = two_kinds()
    found = broken(model, BAD)
    assert len(found) == len(BAD)
    material, seed = material_of(model, [CEILING], train), ChunkSeed("t", 1, "", 0)
    ground = ground_of(model, found, [CEILING], material=material, seed=seed, section=SECTION.trial)
    return Standing(ground, guard, SECTION, 1)


def test_a_region_is_sculpted_where_the_whole_map_cannot_be() -> None:
    model, guard, _ = two_kinds()
    weaker = states(50, 8, 0.5, -1.0)
    least = min(one.signal for one in model.read(weaker))
    assert sum(one.signal > least for one in model.read(BAD)) > 0.75 * len(BAD), "else the whole map could be cut"
    plan = choose(broken(model, BAD), standing().ground, guard, SECTION, 1)
    (offer,) = plan.chosen
    assert all(one.ball is not None for one in offer.repairs.sculpts)
    assert offer.trial.local, "so it may break no sound answer"
    assert offer.trial.broken == 0
    assert offer.trial.mended == len(offer.claimed) > 0.9 * len(BAD)
    made = model.with_repairs(plan.repairs)
    assert len(broken(made, states(60, 9, 1.1, 1.0, spread=0.1))) <= 6, "also of what nobody asked about"
    assert (made.rewards(guard.z) >= 0.95 * guard.root_rewards - 1e-6).all()
    for before, after in zip(model.read(weaker), made.read(weaker), strict=True):
        assert after.reward == before.reward, "of the other kind, though its signal is lower"


def test_at_one_place_a_higher_signal_never_earns_less() -> None:
    model, guard, _ = two_kinds()
    plan = choose(broken(model, BAD), standing().ground, guard, SECTION, 1)
    made = model.with_repairs(plan.repairs)
    path = model.encoder.encode([*states(1, 0, 1.1, 1.0, 0.0), *states(1, 0, 2.0, 1.0, 0.0)]).z
    places = torch.lerp(path[:1], path[1:], torch.linspace(-1, 2, 50)[:, None])
    shaped = made.shaped.at(lambda space: made.space(places, space))
    signals = torch.linspace(-6, 8, 2001)
    rewards = torch.stack([shaped.reward(signal.expand(len(places))) for signal in signals])
    assert rewards.diff(dim=0).min() >= -1e-6
    inside = shaped.within[0]
    assert inside is not None
    weights = torch.zeros(inside.count).index_put((inside.rows,), inside.weight)
    assert float(weights.max()) == 1
    assert float(weights.min()) == 0
    assert ((weights > 0) & (weights < 1)).any(), "it is blended between"


def test_regions_cover_findings_and_are_no_wider_than_a_kernel() -> None:
    model, _, _ = two_kinds()
    z = model.encoder.encode([*BAD, *states(3, 10, -6.0, -4.0, spread=0.1)]).z
    found = list(regions(z, model, SECTION))
    assert [bool(inside.any()) for inside, _ in found] == [True] * len(found)
    assert bool(torch.stack([inside for inside, _ in found]).any(dim=0)[: len(BAD)].all())
    assert {(ball.radius, ball.core) for _, ball in found} == {(SECTION.max_width, SECTION.max_width / 2)}
    inside, ball = found[0]
    assert bool(reached(ball, model, z)[inside].all())
    assert not bool(reached(ball, model, z)[-3:].any())
    assert bool(reached(None, model, z).all())


def test_a_space_whose_gate_would_weaken_it_is_passed_over() -> None:
    model, _, _ = two_kinds()
    mixture = trajectory_draft().model
    z = mixture.encoder.encode(list(walks(3, seed=4))).z
    assert {ball.space for _, ball in regions(z, mixture, SECTION)} == {"input"}
    assert not list(regions(z, mixture, PatchSection(spaces=["latent"])))
    assert {ball.space for _, ball in regions(model.encoder.encode(BAD).z, model, SECTION)} == {"latent"}
