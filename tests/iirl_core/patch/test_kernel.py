from __future__ import annotations

import torch

from iirl_core.patch.kernel import kernel


def test_the_kernel_is_one_at_its_centre_and_exactly_zero_from_distance_one_on() -> None:
    assert kernel(torch.tensor([0.0, 1.0, 1.5, 1e9])).tolist() == [1.0, 0.0, 0.0, 0.0]


def test_the_kernel_is_wendlands() -> None:
    distance = torch.tensor([0.25, 0.5])
    assert torch.allclose(kernel(distance), torch.tensor([0.75**4 * 2, 0.5**4 * 3]))


def test_the_kernel_falls_monotonically() -> None:
    assert (kernel(torch.linspace(0, 1, 200, dtype=torch.float64)).diff() < 0).all()


def test_the_slope_is_zero_at_the_centre_and_at_the_rim() -> None:
    distance = torch.tensor([0.0, 1.0], dtype=torch.float64, requires_grad=True)
    kernel(distance).sum().backward()  # type: ignore[no-untyped-call]
    assert distance.grad is not None
    assert distance.grad.tolist() == [0.0, 0.0]
