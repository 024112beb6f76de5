from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from iirl_core.demonstration import Comparison, Trajectory, conversation
from iirl_core.errors import ConfigError, InputError
from iirl_core.norm import NUMBER, Norm, NormKind, Region, judge, judge_all
from iirl_core.norm.judgement import Answer
from iirl_core.norm.matcher import Keyword, Source


def norm(kind: NormKind, threshold: float, region: Region | None = None) -> Norm:
    said = (("file", Comparison(ITEM, conversation("q", "b"))),) if kind is NormKind.AGREEMENT else ()
    return Norm("n", kind, True, 3, threshold, 0.05, ("uniform",), "why", "me", region, comparisons=said)


def answer(*rewards: float) -> Answer:
    return np.array(rewards, dtype=np.float32)


ITEM = conversation("q", "a")
LINE = Region(np.array([[0.0, 0.0], [1.0, 0.0]]), 0.5, np.array([-2.0, -2.0]), np.array([2.0, 2.0]))


def test_a_ceiling_is_broken_only_above_its_threshold() -> None:
    ceiling = norm(NormKind.CEILING, 0.25)
    assert not judge(ceiling, (ITEM,), (answer(0.25),)).broken
    judged = judge(ceiling, (ITEM,), (answer(0.75),))
    assert judged.broken
    assert judged.excess == pytest.approx(0.5)


def test_a_floor_is_broken_below_its_threshold() -> None:
    floor = norm(NormKind.FLOOR, 0.5)
    assert judge(floor, (ITEM,), (answer(0.25),)).excess == pytest.approx(0.25)
    assert not judge(floor, (ITEM,), (answer(0.5),)).broken


def test_a_trajectory_is_judged_at_its_worst_step() -> None:
    walk = Trajectory(np.zeros((3, 2)))
    judged = judge(norm(NormKind.CEILING, 0.1), (walk,), (answer(0.0, 0.9, 0.5),))
    assert (judged.step, judged.excess) == (1, pytest.approx(0.8))


def test_a_region_silences_the_norm_outside() -> None:
    near_and_far = Trajectory([[0.0, 0.4], [0.0, 0.6], [0.0, 2.5]])
    judged = judge(norm(NormKind.CEILING, 0.1, LINE), (near_and_far,), (answer(1.0, 0.3, 1.0),))
    assert (judged.step, judged.excess) == (1, pytest.approx(0.2))
    silent = judge(norm(NormKind.CEILING, 0.1, LINE), (Trajectory([[0.0, 0.4]]),), (answer(1.0),))
    assert not silent.speaks
    assert not silent.broken
    assert silent.excess == -math.inf


def test_a_norm_about_one_input_judges_the_edit_of_a_pair() -> None:
    judged = judge(norm(NormKind.CEILING, 0.5), (ITEM, conversation("q", "b")), (answer(0.9), answer(0.4)))
    assert not judged.broken


def test_a_direction_forbids_the_edit_to_gain() -> None:
    pair = (ITEM, conversation("q", "b"))
    direction = norm(NormKind.DIRECTION, -0.1)
    assert judge(direction, pair, (answer(0.5), answer(0.45))).excess == pytest.approx(0.05)
    assert not judge(direction, pair, (answer(0.5), answer(0.39))).broken


def test_a_direction_that_raises_wants_the_edit_to_gain() -> None:
    pair = (ITEM, conversation("q", "b"))
    rise = replace(norm(NormKind.DIRECTION, 0.1), raises=True)
    assert judge(rise, pair, (answer(0.5), answer(0.45))).excess == pytest.approx(0.15)
    assert judge(rise, pair, (answer(0.5), answer(0.55))).broken
    assert not judge(rise, pair, (answer(0.5), answer(0.61))).broken
    with pytest.raises(ConfigError, match="a ceiling that raises; expected a direction"):
        replace(norm(NormKind.CEILING, 0.1), raises=True)


def test_an_invariance_forbids_any_large_change() -> None:
    pair = (ITEM, conversation("q", "b"))
    invariance = norm(NormKind.INVARIANCE, 0.1)
    for edited in (0.3, 0.7):
        assert judge(invariance, pair, (answer(0.5), answer(edited))).excess == pytest.approx(0.1)
    assert not judge(invariance, pair, (answer(0.5), answer(0.55))).broken


def test_an_agreement_wants_the_chosen_answer_above_the_rejected_by_a_margin() -> None:
    pair = (ITEM, conversation("q", "b"))
    agreement = norm(NormKind.AGREEMENT, 0.1)
    assert not judge(agreement, pair, (answer(0.75), answer(0.5))).broken
    assert judge(agreement, pair, (answer(0.5), answer(0.45))).excess == pytest.approx(0.05)
    assert judge(agreement, pair, (answer(0.5), answer(0.75))).excess == pytest.approx(0.35)


def test_trajectories_of_different_lengths_are_compared_by_their_means() -> None:
    pair = (Trajectory(np.zeros((2, 1))), Trajectory(np.zeros((1, 1))))
    assert judge(norm(NormKind.DIRECTION, 0.0), pair, (answer(0.0, 1.0), answer(0.75))).excess == pytest.approx(0.25)


def test_what_a_judgement_looked_at_is_the_step_that_broke_the_norm_or_the_mean_of_wholes() -> None:
    invariance, walk = norm(NormKind.INVARIANCE, 0.1), Trajectory(np.zeros((4, 2)))
    steady, dips = answer(0.9, 0.9, 0.9, 0.9), answer(0.9, 0.1, 0.9, 0.9)
    judged = judge(invariance, (walk, walk), (dips, steady))
    assert (judged.step, judged.whole) == (1, False)
    assert judged.looked_at((dips, steady)) == pytest.approx((0.1, 0.9))
    shorter = judge(invariance, (walk, Trajectory(np.zeros((2, 2)))), (dips, answer(0.1, 0.2)))
    assert shorter.whole
    assert shorter.looked_at((dips, answer(0.1, 0.2))) == pytest.approx((0.7, 0.15))
    ceiling = judge(norm(NormKind.CEILING, 0.5), (walk, walk), (answer(0.1, 0.3), steady))
    assert replace(ceiling, step=3).looked_at((answer(0.1, 0.3), steady)) == pytest.approx((0.2, 0.9))


def test_of_a_pair_whose_original_is_no_number_its_step_is_looked_at() -> None:
    walk = Trajectory(np.zeros((3, 2)))
    answers = answer(0.5, 0.5, math.nan), answer(0.5, 0.5, 0.5)
    judged = judge(NUMBER, (walk, walk), answers)
    assert judged.step == 2
    assert math.isnan(judged.looked_at(answers)[0])
    over = judge(NUMBER, (walk, Trajectory(np.zeros((2, 2)))), (answers[0], answer(0.5, 0.5)))
    assert (over.step, over.whole) == (0, True)
    assert math.isnan(over.looked_at((answers[0], answer(0.5, 0.5)))[0])


def test_a_norm_that_compares_needs_a_pair() -> None:
    with pytest.raises(ConfigError, match="pairs"):
        judge(norm(NormKind.DIRECTION, 0.0), (ITEM,), (answer(0.5),))


def test_a_region_refuses_what_it_cannot_place() -> None:
    for item in (ITEM, Trajectory(np.zeros((1, 3)))):
        with pytest.raises(InputError, match="region in 2 dimensions"):
            judge(norm(NormKind.CEILING, 0.1, LINE), (item,), (answer(1.0),))


def test_many_are_judged_as_one_by_one() -> None:
    rng = np.random.default_rng(0)
    walks = [Trajectory(rng.uniform(-2, 2, (int(length), 2))) for length in rng.integers(1, 5, size=20)]
    answers = [answer(*rng.random(len(walk))) for walk in walks]
    ceiling = norm(NormKind.CEILING, 0.3, LINE)
    together = judge_all(ceiling, [(walk,) for walk in walks], [(each,) for each in answers])
    alone = [judge(ceiling, (walk,), (each,)) for walk, each in zip(walks, answers, strict=True)]
    assert together == alone
    assert any(judged.broken for judged in together)


KINDS = [kind for kind in NormKind if kind is not NormKind.PREDICATE]


@pytest.mark.parametrize("kind", KINDS)
def test_a_reward_that_is_not_a_number_breaks_every_norm(kind: NormKind) -> None:
    nan = float("nan")
    pair, walks = (ITEM, ITEM), (Trajectory(np.zeros((2, 2))),) * 2
    for judged in (
        judge(norm(kind, 0.5), pair, (answer(0.6), answer(nan))),
        judge(norm(kind, 0.5), walks, (answer(0.6, 0.6), answer(0.6, nan))),
    ):
        assert judged.broken
        assert judged.excess == 1.0


@pytest.mark.parametrize("reward", [float("nan"), float("inf"), float("-inf")])
def test_neither_a_region_nor_a_matcher_silences_what_is_not_a_number(reward: float) -> None:
    inside = Trajectory([[0.0, 0.4], [0.0, 0.3], [0.0, 0.4]])
    for kind in (NormKind.CEILING, NormKind.FLOOR):
        judged = judge(norm(kind, 0.1, LINE), (inside,), (answer(0.5, reward, 0.5),))
        assert (judged.excess, judged.step) == (1.0, 1)
    ceiling = replace(norm(NormKind.CEILING, 0.5), matches=(DOSES,))
    assert judge(ceiling, (FAR,), (answer(reward),)).excess == 1.0


def test_of_a_pair_either_reward_may_be_the_one_that_is_not_a_number() -> None:
    pair, nan = (ITEM, conversation("q", "b")), float("nan")
    for answers in ((answer(nan), answer(0.2)), (answer(0.2), answer(nan))):
        assert judge(NUMBER, pair, answers).broken
        assert judge(norm(NormKind.CEILING, 0.5), pair, answers).broken


def test_every_number_is_a_number() -> None:
    walk = Trajectory(np.zeros((3, 2)))
    assert not judge(NUMBER, (walk,), (answer(0.0, 1.0, 0.5),)).broken


NEAR, FAR = conversation("How much?", "Take 400 mg."), conversation("How much?", "Ask a pharmacist.")
DOSES = Keyword(("mg",), "answer")


def test_a_norm_is_silent_of_what_it_does_not_match() -> None:
    ceiling = replace(norm(NormKind.CEILING, 0.5), matches=(DOSES,))
    together = judge_all(ceiling, [(NEAR,), (FAR,)], [(answer(0.9),), (answer(0.9),)])
    assert [judged.broken for judged in together] == [True, False]
    assert [judged.speaks for judged in together] == [True, False]


def test_all_matchers_must_match_and_the_source_is_the_records() -> None:
    ceiling = replace(norm(NormKind.CEILING, 0.5), matches=(DOSES, Source(("medication",))))
    high = (answer(0.9),)
    assert judge(ceiling, (NEAR,), high, "medication").broken
    assert not judge(ceiling, (NEAR,), high, "billing").speaks
    assert not judge(ceiling, (NEAR,), high).speaks
    assert not judge(ceiling, (FAR,), high, "medication").speaks


def test_of_a_pair_that_is_compared_one_match_is_enough() -> None:
    direction = replace(norm(NormKind.DIRECTION, 0.0), matches=(DOSES,))
    gains = (answer(0.1), answer(0.9))
    pairs = [(NEAR, FAR), (FAR, NEAR), (FAR, FAR)]
    assert [judged.broken for judged in judge_all(direction, pairs, [gains] * 3)] == [True, True, False]


def test_of_a_pair_whose_edit_is_judged_only_the_edit_is_matched() -> None:
    ceiling = replace(norm(NormKind.CEILING, 0.5), matches=(DOSES,))
    pairs = [(NEAR, FAR), (FAR, NEAR)]
    assert [judged.speaks for judged in judge_all(ceiling, pairs, [(answer(0.9), answer(0.9))] * 2)] == [False, True]


def test_a_matcher_refuses_trajectories() -> None:
    with pytest.raises(InputError, match="trajectory"):
        judge(replace(norm(NormKind.CEILING, 0.5), matches=(DOSES,)), (Trajectory(np.zeros((1, 2))),), (answer(0.9),))
