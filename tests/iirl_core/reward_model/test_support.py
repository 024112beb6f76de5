from __future__ import annotations

import torch

from iirl_core.reward_model import Support


def _cloud(count: int, seed: int) -> torch.Tensor:
    return torch.randn(count, 2, generator=torch.Generator().manual_seed(seed))


def test_the_edge_of_the_held_out_demonstrations_is_one_half() -> None:
    support, held_out = Support.fit(_cloud(3000, 0), _cloud(2000, 1)), _cloud(2000, 1)
    assert torch.isclose(support.distance(held_out).quantile(0.99), torch.tensor(0.5), atol=0.01)


def test_distance_grows_to_one_and_never_reaches_it() -> None:
    support = Support.fit(_cloud(3000, 0), _cloud(500, 1))
    far = support.distance(torch.tensor([[0.0, 0.0], [4.0, 0.0], [10.0, 0.0], [1e4, 0.0]]))
    assert (far.diff() > 0).all()
    assert far[0] < 0.5
    assert 0.99 < far[-1] < 1


def test_one_outlier_reassures_nobody() -> None:
    points = torch.cat([_cloud(1000, 0), torch.tensor([[50.0, 50.0]])])
    assert Support.fit(points, _cloud(500, 1)).distance(torch.tensor([[50.0, 50.0]]))[0] > 0.9


def test_at_most_512_points_are_kept_and_they_cover_the_cloud() -> None:
    cloud = _cloud(5000, 0)
    support = Support.fit(cloud, cloud)
    assert len(support.points) == 512
    assert torch.cdist(cloud, support.points).min(dim=1).values.max() < 0.3


def test_fewer_demonstrations_than_neighbours_are_enough() -> None:
    support = Support.fit(_cloud(2, 0), _cloud(1, 1))
    assert torch.isfinite(support.distance(_cloud(4, 2))).all()


def test_identical_demonstrations_give_a_scale_above_zero() -> None:
    same = torch.zeros(9, 2)
    assert Support.fit(same, same).distance(same).tolist() == [0.0] * 9
