from __future__ import annotations

import torch

from iirl_core.expertness.bootstrap import bootstrap


def test_one_member_sees_every_row_once() -> None:
    assert bootstrap(torch.arange(5), 1).tolist() == [[1.0] * 5]


def test_counts_are_poisson_with_mean_and_variance_one() -> None:
    counts = bootstrap(torch.arange(50_000), 3)
    assert torch.allclose(counts.mean(dim=1), torch.ones(3), atol=0.02)
    assert torch.allclose(counts.var(dim=1), torch.ones(3), atol=0.04)


def test_members_see_different_rows() -> None:
    counts = bootstrap(torch.arange(50_000), 4)
    correlation = torch.corrcoef(counts) - torch.eye(4)
    assert correlation.abs().max() < 0.02


def test_a_row_has_the_same_counts_in_any_batch() -> None:
    rows = torch.tensor([7, 123_456_789_012, 3])
    assert torch.equal(bootstrap(rows, 4)[:, [1]], bootstrap(rows[1:2], 4))
