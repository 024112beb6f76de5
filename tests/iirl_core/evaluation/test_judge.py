"""Agreement and correlations against numbers computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from iirl_core.errors import InputError
from iirl_core.evaluation import SUITES, Frozen, Judged, Resampling
from iirl_core.evaluation.judge import (
    apart,
    clear_pairs,
    clear_policies,
    policy_correlation,
    policy_means,
    policy_order,
)
from iirl_core.evaluation.ranks import ranks

FEW = Resampling(200)


def judged(
    rewards: list[float],
    golden: list[float],
    *,
    prompts: list[int] | None = None,
    policies: list[int] | None = None,
    lengths: list[float] | None = None,
) -> Judged:
    count = len(rewards)
    owners = np.array(policies if policies is not None else [0] * count, np.int64)
    return Judged(
        names=tuple(f"policy {index}" for index in range(int(owners.max(initial=0)) + 1)),
        policies=owners,
        rewards=np.array(rewards),
        golden=np.array(golden),
        clusters=np.array(prompts if prompts is not None else [0] * count, np.int64),
        lengths=np.array(lengths or [10.0] * count),
        heads=np.zeros((count, 1)),
    )


def values(data: Judged) -> dict[str, float]:
    return {estimate.name: estimate.value for estimate in SUITES["judge"](Frozen.of_judged(data), FEW)}


def test_only_pairs_of_one_prompt_on_which_the_judge_is_clear_are_counted() -> None:
    data = judged([0.1, 0.2, 0.3, 0.9], [0.1, 0.3, 0.45, 0.9], prompts=[7, 7, 7, 2])
    first, second = clear_pairs(data)
    assert sorted(zip(first.tolist(), second.tolist(), strict=True)) == [(1, 0), (2, 0)], (
        "0.3 − 0.1 is 0.2, 0.15 is not"
    )


def test_agreement_is_the_share_of_clear_pairs_in_the_judge_s_order() -> None:
    data = judged([0.9, 0.1, 0.5, 0.5, 0.2, 0.8], [0.9, 0.1, 0.9, 0.1, 0.9, 0.1], prompts=[0, 0, 1, 1, 2, 2])
    assert values(data)["judge/agreement"] == pytest.approx((1 + 0.5 + 0) / 3)
    (estimate, *_) = SUITES["judge"](Frozen.of_judged(data), FEW)
    assert (estimate.count, estimate.clusters) == (3, 3)


def test_agreement_is_also_of_pairs_matched_in_length_and_of_length_alone() -> None:
    data = judged([0.9, 0.1, 0.2, 0.8], [0.9, 0.1, 0.9, 0.1], prompts=[0, 0, 1, 1], lengths=[100.0, 50.0, 100.0, 80.0])
    assert values(data) == {"judge/agreement": 0.5, "judge/agreement@25%": 0.0}
    alone = {each.name: each.value for each in SUITES["length"](Frozen.of_judged(data), FEW) if "judge" in each.name}
    assert alone == {"length/judge/agreement": 1.0, "length/judge/agreement@25%": 1.0}
    untrained = {
        each.name: each.value for each in SUITES["random"](Frozen.of_judged(data), FEW) if "judge" in each.name
    }
    assert untrained == {"random/judge/agreement": 0.5, "random/judge/agreement@25%": 0.5}


def test_a_prompt_s_pairs_are_no_independent_evidence() -> None:
    generator = np.random.default_rng(0)
    rewards, golden = generator.random(40), generator.random(40)
    data = judged(list(rewards), list(golden), prompts=[0] * 40)
    (agreement, *_) = SUITES["judge"](Frozen.of_judged(data), FEW)
    assert agreement.count > 100
    assert agreement.clusters == 1


def test_of_very_many_answers_to_a_prompt_the_first_are_paired() -> None:
    data = judged([0.5] * 100, [0.0, 1.0] * 50)
    first, second = clear_pairs(data)
    assert len(first) == 32 * 32
    assert max(first.max(), second.max()) == 63


def test_ranks_and_correlation_are_scipy_s_with_ties_and_weights() -> None:
    assert ranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1.0, 3.5, 2.0]
    generator = np.random.default_rng(1)
    policies = np.repeat(np.arange(6), 5)
    rewards, golden = generator.integers(0, 3, 30) / 2, generator.random(30)
    weights = np.tile([0.0, 2.0, 1.0, 1.0, 1.0], 6)

    def means(scores: np.ndarray) -> np.ndarray:
        return np.average(scores.reshape(6, 5), weights=weights.reshape(6, 5), axis=1)

    found = policy_correlation(policies, rewards, golden)(weights)
    assert found == pytest.approx(spearmanr(means(rewards), means(golden)).statistic)
    assert np.isnan(policy_correlation(policies, rewards, golden)(np.where(policies == 3, 0.0, 1.0)))
    assert np.isnan(policy_correlation(policies, np.ones(30), golden)(np.ones(30)))


def test_policies_are_apart_where_their_intervals_of_mean_preference_do_not_overlap() -> None:
    generator = np.random.default_rng(2)
    means = [0.1, 0.12, 0.5, 0.9]
    golden = np.concatenate([mean + 0.05 * generator.standard_normal(50) for mean in means])
    policies, prompts = np.repeat(np.arange(4), 50), np.tile(np.arange(50), 4)
    data = judged(list(golden), list(golden.clip(0, 1)), prompts=list(prompts), policies=list(policies))
    assert apart(data).tolist() == [0, 2, 3] or apart(data).tolist() == [1, 2, 3]
    repeated = judged(list(golden), list(golden.clip(0, 1)), prompts=[0] * 200, policies=list(policies))
    assert len(apart(repeated)) == 0, "one prompt says nothing of the spread"
    found = values(data)
    assert found["judge/policies"] == found["judge/policies-apart"] == 1.0


def test_of_all_pairs_of_policies_that_are_apart_the_share_in_the_judge_s_order_is_told() -> None:
    """Four policies, of which only the two in the middle overlap: five pairs. The reward likes the worst one best."""
    noise = np.tile([-0.02, 0.02], 10)
    golden = np.concatenate([mean + noise for mean in (0.1, 0.5, 0.505, 0.9)])
    policies, prompts = np.repeat(np.arange(4), 20), np.tile(np.arange(20), 4)
    rewards = np.repeat([0.95, 0.3, 0.2, 0.8], 20)
    data = judged(list(rewards), list(golden), prompts=list(prompts), policies=list(policies))
    better, worse = clear_policies(data)
    assert sorted(zip(better.tolist(), worse.tolist(), strict=True)) == [(1, 0), (2, 0), (3, 0), (3, 1), (3, 2)]
    found = {each.name: each for each in SUITES["judge"](Frozen.of_judged(data), FEW)}
    ordered = found["judge/policies-ordered"]
    assert ordered.value == pytest.approx(2 / 5)
    assert (ordered.low, ordered.high) == pytest.approx((2 / 5, 2 / 5)), "every prompt says the same"
    lacking = np.where(policies == 3, 0.0, 1.0)
    assert np.isnan(policy_order(data.policies, data.rewards, better, worse)(lacking))
    assert policy_order(data.policies, data.golden, better, worse)(np.ones(80)) == 1.0


def test_the_interval_of_a_policy_is_that_of_its_prompts_means() -> None:
    """Two prompts of means 0.4 and 0.6: 0.5 ± 1.96·0.1. A policy just below it overlaps, one lower still does not."""
    pair, prompts = [0.4, 0.4, 0.6, 0.6], [0, 0, 1, 1]
    for other, expected in ((0.31, 1), (0.29, 2)):
        data = judged([0.0] * 6, [*pair, other, other], prompts=[*prompts, 0, 1], policies=[0] * 4 + [1] * 2)
        assert len(apart(data)) == expected, other


def test_two_policies_have_no_rank_correlation() -> None:
    data = judged([0.1, 0.9], [0.1, 0.9], policies=[0, 1])
    assert set(values(data)) == {"judge/agreement", "judge/agreement@25%", "judge/agreement@10%"}


def test_answers_that_nobody_judged_give_nothing_and_bad_ones_are_refused() -> None:
    assert values(judged([], [])) == {}
    with pytest.raises(InputError, match="not a number"):
        judged([0.5], [float("nan")])
    with pytest.raises(InputError, match="one of everything"):
        judged([0.5, 0.5], [0.5])
    with pytest.raises(InputError, match="without a name"):
        judged([0.5], [0.5], policies=[-1])


def test_policies_have_their_means_with_half_an_interval_from_the_best_down() -> None:
    data = judged([0.2, 0.2, 0.3, 0.3, 0.9], [0.4, 0.4, 0.6, 0.6, 0.1], prompts=[0, 0, 1, 1, 0], policies=[0] * 4 + [1])
    best, worst = policy_means(data)
    assert (best.name, best.answers, best.golden, best.reward) == ("policy 0", 4, 0.5, pytest.approx(0.25))
    assert (best.golden_half, best.reward_half) == (pytest.approx(0.196), pytest.approx(0.098))
    assert (worst.name, worst.golden_half) == ("policy 1", float("inf")), "one prompt says nothing of the spread"
