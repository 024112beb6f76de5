from __future__ import annotations

import numpy as np

from iirl_core.triage.covering import cover, farthest_first, medoid


def blobs(per: int, centres: list[tuple[float, float]], seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rows = [np.array(centre) + rng.normal(0, 0.05, (per, 2)) for centre in centres]
    return np.concatenate(rows).astype(np.float32)


def test_points_that_lie_together_are_one_cluster_and_far_ones_are_not() -> None:
    rows = blobs(50, [(0, 0), (3, 0), (0, 3)])
    own = cover(rows, reach=0.5, most=40)
    assert len(set(own.tolist())) == 3
    assert all(len(set(own[start : start + 50].tolist())) == 1 for start in (0, 50, 100))


def test_every_point_lies_about_within_reach_of_the_middle_of_its_cluster() -> None:
    rows = np.random.default_rng(1).uniform(-1, 1, (2000, 2)).astype(np.float32)
    own = cover(rows, reach=0.5, most=1000)
    for number in range(own.max() + 1):
        members = rows[own == number]
        assert np.linalg.norm(members - members[medoid(members)], axis=1).max() < 2 * 0.5


def test_the_number_of_clusters_is_bounded_and_none_is_empty() -> None:
    rows = np.random.default_rng(2).uniform(-1, 1, (500, 16)).astype(np.float32)
    own = cover(rows, reach=0.0, most=7)
    assert sorted(set(own.tolist())) == list(range(own.max() + 1))
    assert own.max() + 1 <= 7


def test_the_order_of_the_points_does_not_decide_who_belongs_together() -> None:
    rows = blobs(40, [(0, 0), (2, 1)], seed=3)
    shuffled = np.random.default_rng(4).permutation(len(rows))
    own, again = cover(rows, 0.5, 40), cover(rows[shuffled], 0.5, 40)
    together = own[:, None] == own[None]
    assert np.array_equal(together[np.ix_(shuffled, shuffled)], again[:, None] == again[None])


def test_equal_points_and_no_points_are_no_trouble() -> None:
    assert cover(np.zeros((5, 3), np.float32), 0.1, 3).tolist() == [0] * 5
    assert cover(np.zeros((0, 3), np.float32), 0.1, 3).tolist() == []


def test_representatives_begin_in_the_middle_and_then_differ_as_much_as_they_can() -> None:
    points = np.array([[0.0], [1.0], [2.0], [10.0], [2.1]])
    assert farthest_first(points, 3) == [4, 3, 0]
    assert farthest_first(np.zeros((4, 1)), 3) == [0], "equal findings need to be looked at once"
