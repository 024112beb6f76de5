from __future__ import annotations

import numpy as np
import pytest

from iirl_core.errors import InputError
from iirl_core.unlearning import Heard, distance, remains

N = 200


def heard(centre: float, seed: int, *, count: int = N, reward: float = 0.5) -> Heard:
    signals = np.random.default_rng(seed).normal(centre, 1.0, count)
    return Heard(signals, np.full(count, reward), np.arange(count, dtype=np.int64) + 1000 * seed)


def test_what_was_told_apart_before_and_is_not_after_has_been_forgotten() -> None:
    before = heard(2.0, 1, reward=0.9), heard(0.0, 2, reward=0.6)
    after = heard(0.0, 3, reward=0.6), heard(0.0, 2, reward=0.6)
    found = remains(before, after)
    assert found is not None
    assert (found.forgotten, found.never) == (N, N)
    assert found.before.apart == pytest.approx(0.921, abs=0.04)  # Φ(2/√2)
    assert found.before.low > 0.5
    assert found.after.low < 0.5 < found.after.high < 0.6
    assert (found.before.forgotten_reward, found.after.forgotten_reward) == (0.9, 0.6)


def test_what_is_scored_lower_than_the_never_seen_is_told_apart_too() -> None:
    pair = heard(-2.0, 1), heard(0.0, 2)
    found = remains(pair, pair)
    assert found is not None
    assert found.after.apart < found.after.high < 0.2


def test_records_that_depend_on_each_other_make_the_interval_wider() -> None:
    drawn, never = heard(0.5, 1, count=8), heard(0.0, 2)
    same = np.repeat(drawn.signals, 25), np.repeat(drawn.rewards, 25)  # eight records, each written 25 times
    gone = Heard(*same, np.arange(200, dtype=np.int64) + 1000)
    alone = remains((gone, never), (gone, never))
    few = Heard(*same, np.repeat(drawn.clusters, 25))
    together = remains((few, never), (few, never))
    assert alone is not None
    assert together is not None
    assert together.after.high - together.after.low > alone.after.high - alone.after.low


def test_nothing_can_be_told_of_no_records() -> None:
    none = heard(0.0, 1, count=0)
    assert remains((none, heard(0.0, 2)), (none, heard(0.0, 2))) is None
    assert remains((heard(0.0, 2), none), (heard(0.0, 2), none)) is None
    with pytest.raises(InputError, match="no records"):
        distance((none, none), (none, none))


def test_a_distance_is_the_mean_difference_of_rewards_on_each_kind() -> None:
    one = heard(0.0, 1, reward=0.9), heard(0.0, 2, reward=0.5)
    other = heard(0.0, 1, reward=0.6), heard(0.0, 2, reward=0.6)
    found = distance(one, other)
    assert (found.forgotten, found.never) == (pytest.approx(0.3), pytest.approx(0.1))


def test_pairs_of_different_records_are_refused() -> None:
    one = heard(0.0, 1), heard(0.0, 2)
    other = heard(0.0, 1), heard(0.0, 2, count=3)
    for ask in (remains, distance):
        with pytest.raises(InputError, match="the same ones"):
            ask(one, other)  # type: ignore[operator]
    with pytest.raises(InputError, match="as many"):
        Heard(one[0].signals, one[0].rewards[:1], one[0].clusters)
    with pytest.raises(InputError, match="not finite"):
        Heard(one[0].signals * np.nan, one[0].rewards, one[0].clusters)
