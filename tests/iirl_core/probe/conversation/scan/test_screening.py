from __future__ import annotations

import numpy as np
import pytest

from iirl_core.probe.conversation.scan.screening import logits, scores, sure_effect, without_means


def test_a_hundred_tests_of_many_at_once_tell_which_of_a_thousand_features_counts() -> None:
    rng = np.random.default_rng(0)
    tests = [rng.choice(1000, size=30, replace=False).tolist() for _ in range(150)]
    changes = np.array([2.0 * (417 in test) - 2.0 * (23 in test) for test in tests]) + rng.normal(0, 0.3, len(tests))
    found = scores(1000, tests, changes)
    assert set(np.argsort(-np.abs(found))[:2].tolist()) == {417, 23}
    assert found[417] > 0 > found[23]


def test_a_feature_that_no_test_holds_and_a_reward_that_never_moves_have_no_score() -> None:
    assert scores(3, [[0], [1]], np.array([1.0, 0.0])).tolist() == [1.0, -1.0, 0.0]
    assert scores(2, [[0], [1]], np.zeros(2)).tolist() == [0.0, 0.0]


def test_what_a_group_has_in_common_is_taken_away() -> None:
    assert without_means(np.array([1.0, 3.0, 7.0]), [5, 5, -1]).tolist() == [-1.0, 1.0, 0.0]


def test_a_shift_of_the_signal_is_a_shift_of_the_logit_wherever_it_lies() -> None:
    assert logits(1 / (1 + np.exp(-np.array([-2.0, 0.0, 3.0])))) == pytest.approx([-2.0, 0.0, 3.0])
    assert np.isfinite(logits(np.array([0.0, 1.0]))).all()


def test_only_an_effect_beyond_two_standard_errors_is_sure() -> None:
    steady, shaky = np.array([0.3, 0.31, 0.29, 0.3]), np.array([0.0, 0.0, 0.0, 0.8])
    assert sure_effect(steady) == pytest.approx(0.3, abs=0.02)
    assert sure_effect(-steady) == sure_effect(steady)
    assert sure_effect(shaky) == 0.0
    assert sure_effect(steady[:1]) == 0.0


def test_what_pays_here_and_costs_there_has_an_effect_too() -> None:
    assert sure_effect(np.array([0.3, -0.31, 0.29, -0.3])) == pytest.approx(0.3, abs=0.02)
