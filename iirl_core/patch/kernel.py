"""The kernel of a patch: smooth, compact, one at its centre and zero from distance one on."""

from __future__ import annotations

from torch import Tensor


def kernel(distance: Tensor) -> Tensor:
    """Wendland's C2 function ``K(d) = (1 − d)₊⁴ · (4d + 1)``, elementwise; positive definite in up to three dimensions.

    ``distance`` ≥ 0 is in units of the patch's width. The result lies in [0, 1], falls monotonically, has a continuous
    second derivative, and is exactly 0 for d ≥ 1: a patch costs nothing where it does not reach (with Gaussian tails a
    worst-point budget stalls). Source: Wendland 1995, "Piecewise polynomial, positive definite and compactly supported
    radial functions of minimal degree", φ₃,₁.
    """
    inside = (1 - distance).clamp(min=0)
    return inside.square().square() * (4 * distance + 1)
