from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iirl_core.errors import InputError
from iirl_core.selection import Nearest, dealt, drawn, kept_of

offers = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from([-0.5, 0.0, 0.25, 0.5, 0.75, 1.0])), max_size=40
)


def kept(pairs: list[tuple[str, float]], keep: int | None = None, threshold: float | None = None) -> dict[str, float]:
    nearest = Nearest(keep, threshold)
    for comparison, similarity in pairs:
        nearest.offer(comparison, similarity)
    return nearest.kept()


@given(offers, st.integers(1, 10), st.none() | st.sampled_from([0.0, 0.5]), st.integers(0, 99))
def test_what_is_kept_is_what_sorting_everything_would_keep_in_whatever_order_it_came(
    pairs: list[tuple[str, float]], keep: int, threshold: float | None, seed: int
) -> None:
    best: dict[str, float] = {}
    for comparison, similarity in pairs:
        if threshold is None or similarity >= threshold:
            best[comparison] = max(similarity, best.get(comparison, -1.0))
    expected = sorted(best.items(), key=lambda item: (-item[1], item[0]))[:keep]
    assert list(kept(pairs, keep, threshold).items()) == expected
    assert list(kept(random.Random(seed).sample(pairs, len(pairs)), keep, threshold).items()) == expected


def test_ties_stay_by_name() -> None:
    assert list(kept([("c", 0.5), ("a", 0.5), ("b", 0.5), ("d", 0.4)], keep=2)) == ["a", "b"]


def test_the_better_side_of_a_comparison_counts_also_after_it_was_pushed_out() -> None:
    assert list(kept([("a", 0.1), ("b", 0.2), ("c", 0.3), ("a", 0.9), ("c", 0.1)], keep=2)) == ["a", "c"]


def test_a_threshold_alone_keeps_whatever_reaches_it() -> None:
    assert kept([("a", 0.5), ("b", 0.49), ("c", 1.0)], threshold=0.5) == {"c": 1.0, "a": 0.5}


def test_memory_goes_with_what_is_kept() -> None:
    nearest = Nearest(keep=5)
    draw = random.Random(0)
    for number in range(5_000):
        nearest.offer(f"{number % 500}", number / 5_000 + draw.random() / 100)
    assert len(nearest._heap) <= 16
    assert len(nearest.kept()) == 5


@pytest.mark.parametrize(("keep", "threshold"), [(None, None), (0, None), (-1, 0.5)])
def test_a_selection_needs_a_bound(keep: int | None, threshold: float | None) -> None:
    with pytest.raises(InputError):
        Nearest(keep, threshold)


def test_a_share_is_of_all_comparisons_and_a_number_is_itself() -> None:
    assert [kept_of(keep, 1000) for keep in (None, 2000, 0.1, 0.0001)] == [None, 2000, 100, 1]


def test_chance_follows_names_and_seed_alone() -> None:
    names = [f"sha256:{number}" for number in range(1000)]
    assert {dealt(name, 1) for name in names} == {0}
    parts = [dealt(name, 4) for name in names]
    assert all(200 < parts.count(part) < 300 for part in range(4))
    draws = [drawn(name, 0) for name in names]
    assert all(0 <= each < 1 for each in draws)
    assert 0.45 < sum(draws) / 1000 < 0.55
    assert draws != [drawn(name, 1) for name in names]


def test_chance_draws_anew_for_every_seed_and_round() -> None:
    names = [str(number) for number in range(50)]
    draws = {(seed, round_): tuple(drawn(name, seed, round_) for name in names) for seed in (0, 1) for round_ in (0, 1)}
    assert len(set(draws.values())) == 4
    assert draws[0, 1] == tuple(drawn(name, 0, 1) for name in names)
