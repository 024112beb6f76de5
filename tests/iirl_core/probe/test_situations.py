from __future__ import annotations

import numpy as np
import torch

from iirl_core.probe.situations import Situations
from iirl_core.reward_model import Support


def blobs() -> Support:
    generator = torch.Generator().manual_seed(0)
    points = torch.cat([torch.randn(count, 2, generator=generator) * 0.1 + at for at, count in ((0.0, 60), (5.0, 30))])
    return Support(points, 0.2)


def test_each_kind_of_demonstration_is_a_situation_the_largest_first() -> None:
    situations = Situations.fit(blobs(), 2)
    placed = situations.place(np.array([[0.05, 0.0], [5.0, 5.05], [0.0, -0.1]], np.float32))
    assert placed.number.tolist() == [0, 1, 0]
    assert not placed.uncovered.any()


def test_what_no_demonstration_comes_near_belongs_to_the_nearest_kind_but_is_uncovered() -> None:
    placed = Situations.fit(blobs(), 2).place(np.array([[3.0, 3.0], [-40.0, 0.0]], np.float32))
    assert placed.number.tolist() == [1, 0]
    assert placed.uncovered.all()


def test_there_are_no_more_situations_than_different_demonstrations() -> None:
    assert len(Situations.fit(Support(torch.zeros(20, 3), 1.0), 8)) == 1
