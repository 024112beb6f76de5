from __future__ import annotations

import pytest
import torch

from iirl_core.patch import screen as screen_module
from iirl_core.patch.ball import Ball
from iirl_core.patch.balls import Balls, Within

Dense = list[torch.Tensor | None]


def _coordinates(count: int) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(0)
    gate = torch.softmax(torch.randn(count, 2, generator=generator), dim=1)
    latent = torch.randn(count, 2, 3, generator=generator), gate
    return {"latent": latent, "input": (torch.randn(count, 1, 4, generator=generator), torch.ones(count, 1))}


def _balls() -> list[Ball | None]:
    centres = torch.randn(12, 4, generator=torch.Generator().manual_seed(1)).tolist()
    latent = [Ball("latent", i % 2, tuple(c[:3]), core=0.3, radius=0.5 + i % 3) for i, c in enumerate(centres[:6])]
    return [None, *latent, *(Ball("input", 0, tuple(c), core=0.0, radius=1.5) for c in centres[6:]), None]


def _dense(inside: Within) -> torch.Tensor:
    return torch.zeros(inside.count).index_put((inside.rows,), inside.weight)


@pytest.mark.parametrize("block", [30, 2**19])
def test_each_reaches_the_rows_that_it_would_alone_with_the_same_weight(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen_module, "BLOCK", block)
    coordinates, balls = _coordinates(100), _balls()
    found = Balls(balls).within(coordinates)  # type: ignore[arg-type]
    weights = []
    for ball, inside in zip(balls, found, strict=True):
        assert (ball is None) == (inside is None)
        if ball is not None and inside is not None:
            weights.append(_dense(inside))
            assert torch.equal(weights[-1], ball.weight(*coordinates[ball.space]))
            assert len(inside.rows) < 100, "and does not look at all of them"
    assert 0.05 < float((torch.stack(weights) > 0).float().mean()) < 0.5


def test_rows_that_are_picked_keep_their_weights_in_any_order_and_twice() -> None:
    inside = Within(torch.tensor([1, 3, 4]), torch.tensor([0.1, 0.3, 0.4]), 6)
    picked = inside.pick(torch.tensor([4, 0, 3, 4, 5]))
    assert _dense(picked).tolist() == pytest.approx([0.4, 0.0, 0.3, 0.4, 0.0])
    assert _dense(inside.pick(torch.tensor([], dtype=torch.long))).tolist() == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_row_that_is_no_place_is_inside_no_ball_or_says_so(value: float) -> None:
    """It hides no other row, and never gets a number between 0 and 1."""
    phi = torch.tensor([[[0.1]], [[value]], [[5.0]]])
    balls: list[Ball | None] = [Ball("input", 0, (centre,), 0.0, 1.0) for centre in (0.0, 5.0)]
    for inside in Balls(balls).within({"input": (phi, torch.ones(3, 1))}):
        assert inside is not None
        dense = _dense(inside)
        assert not 0 < float(dense[1]) <= 1
        assert int((dense > 0).sum()) == 1


def test_no_rows_and_no_balls_reach_nothing() -> None:
    assert Balls([None, None]).within({}) == (None, None)
    nothing = Balls([Ball("input", 0, (0.0,), 0.0, 1.0)]).within({"input": (torch.zeros(0, 1, 1), torch.ones(0, 1))})
    assert [inside and len(inside.rows) for inside in nothing] == [0]


def test_slopes_pass_through_a_weight() -> None:
    phi = torch.tensor([[[0.5]], [[3.0]]], requires_grad=True)
    (inside,) = Balls([Ball("input", 0, (0.0,), 0.0, 1.0)]).within({"input": (phi, torch.ones(2, 1))})
    assert inside is not None
    inside.weight.sum().backward()  # type: ignore[no-untyped-call]
    assert phi.grad is not None
    assert phi.grad[0].item() < 0
    assert phi.grad[1].item() == 0
