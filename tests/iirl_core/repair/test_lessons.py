"""Lessons say of an answer what the norm says of it, a little earlier."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
import torch

from iirl_core.audit import Finding
from iirl_core.canonical import digest_bytes
from iirl_core.demonstration import Comparison, Input, Trajectory, conversation
from iirl_core.norm import Norm, NormKind
from iirl_core.norm.judge import judge
from iirl_core.repair.lessons import lessons_of
from tests.iirl_core.artifact.samples import patch_at
from tests.iirl_core.probe.samples import off_arc, planar

SPOKEN = conversation("?", "!")
THRESHOLDS = {
    NormKind.CEILING: 0.4,
    NormKind.FLOOR: 0.4,
    NormKind.DIRECTION: -0.1,
    NormKind.AGREEMENT: 0.1,
    NormKind.INVARIANCE: 0.2,
}


def norm(kind: NormKind, *, raises: bool = False) -> Norm:
    compared = (("s", Comparison(SPOKEN, conversation("?", "."))),) if kind is NormKind.AGREEMENT else ()
    rule = Norm(kind.value, kind, True, 3, THRESHOLDS[kind], 0.1, ("pairs",), "because", "me", comparisons=compared)
    return replace(rule, raises=raises)


@cache
def questions() -> list[tuple[Input, Input]]:
    """Pairs of single states, on and off the arc."""
    made = np.random.default_rng(0).uniform(-1.3, 1.3, (60, 2, 1, 2)).astype(np.float32)
    return [(Trajectory(a), Trajectory(b)) for a, b in made]


def finding(rule: Norm, inputs: tuple[Input, ...], number: int = 0, step: int = 0) -> Finding:
    label = f"pairs/1.0.{number}"
    return Finding(digest_bytes(b""), 1, rule.id, True, 3, "pairs", label, "", inputs, (0.5,) * 2, 0.1, step=step)


@pytest.mark.parametrize(("kind", "raises"), [*product(THRESHOLDS, [False]), (NormKind.DIRECTION, True)])
def test_what_the_norm_calls_broken_is_a_lesson_not_learnt(kind: NormKind, raises: bool) -> None:
    model, rule = planar()[0], norm(kind, raises=raises)
    findings = [finding(rule, pair, number) for number, pair in enumerate(questions())]
    lessons = lessons_of(model, findings, [rule])
    wrong, _ = lessons.wrong(model.rewards(model.encoder.encode(questions_of(rule)).z))
    judged = [
        judge(rule, pair, tuple(np.array(one.step_rewards, dtype=np.float32) for one in model.read(pair)))
        for pair in questions()
    ]
    broken = torch.tensor([one.broken for one in judged])
    assert 0 < broken.sum() < len(broken)
    assert (wrong[broken] > 0).all()
    excess = torch.tensor([one.excess for one in judged])
    assert ((wrong - excess) >= -1e-6).all(), "and none is right that the norm calls broken"
    assert ((wrong - excess) < 0.07).all()


def questions_of(rule: Norm) -> list[Input]:
    return [item for pair in questions() for item in (pair if rule.kind.pairs else pair[1:])]


def test_a_lesson_moves_two_rewards_towards_what_the_norm_asks() -> None:
    model = planar()[0]
    for kind, sign in ((NormKind.DIRECTION, 1), (NormKind.AGREEMENT, 1), (NormKind.CEILING, 1), (NormKind.FLOOR, -1)):
        lessons = lessons_of(model, [finding(norm(kind), questions()[0])], [norm(kind)])
        assert lessons.wrong(torch.tensor([0.2, 0.9])[-len(lessons.z) :])[1].tolist() == [sign]
    lessons = lessons_of(model, [finding(norm(NormKind.INVARIANCE), questions()[0])], [norm(NormKind.INVARIANCE)])
    assert lessons.wrong(torch.tensor([0.2, 0.9]))[1].tolist() == [1]
    assert lessons.wrong(torch.tensor([0.9, 0.2]))[1].tolist() == [-1]


def test_steps_are_compared_at_the_offending_one_and_episodes_of_other_lengths_on_average() -> None:
    model = planar()[0]
    rng = np.random.default_rng(1)
    short, long, other = (Trajectory(rng.normal(0, 1, (n, 2)).astype(np.float32)) for n in (5, 90, 90))
    rule = norm(NormKind.INVARIANCE)
    lessons = lessons_of(model, [finding(rule, (long, other), 0, 7), finding(rule, (short, long), 1)], [rule])
    place = 2 * lessons.question + lessons.side
    assert torch.bincount(place).tolist() == [1, 1, 5, 32]
    z = model.seen(model.encoder.encode([long, other]).z)
    assert torch.equal(lessons.z[0], z[7])
    assert torch.equal(lessons.z[1], z[97])
    sides = lessons.sides(torch.arange(len(lessons.z)).float())
    assert sides[1].tolist() == [4.0, np.mean(np.arange(7, 39))]


def test_what_kernels_do_is_counted() -> None:
    model, _, _ = planar()
    item = Trajectory(np.float32([[1.0, 0.0]]))
    patched = model.with_patches([patch_at(model, item, strength=0.3, width=0.5)])
    lessons = lessons_of(patched, [finding(off_arc(), (item,))], [off_arc()])
    assert lessons.patches.tolist() == pytest.approx([-0.3], abs=1e-6)
