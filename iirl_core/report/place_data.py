"""What a report draws in space: rewards over a grid, and where the audit asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iirl_core.errors import InputError


@dataclass(frozen=True, eq=False)
class RewardField:
    """Step rewards on a regular grid over the box ``low … high`` (each ``[d]``, d = 2 or 3), before (root) and after.

    ``before`` and ``after`` have shape ``[n_0, …, n_{d−1}]``, axis i running along observation i; ``demonstrations``
    (``[P, d]``), ``flaws`` (``[F, d]``) and ``kernels`` (``[K, d]``, where the flaws they cite lie) are points.

    Raises:
        InputError: the shapes do not fit.
    """

    axes: tuple[str, ...]
    low: NDArray[np.floating]
    high: NDArray[np.floating]
    before: NDArray[np.floating]
    after: NDArray[np.floating]
    demonstrations: NDArray[np.floating]
    flaws: NDArray[np.floating]
    kernels: NDArray[np.floating]

    def __post_init__(self) -> None:
        d = len(self.axes)
        points = (self.demonstrations, self.flaws, self.kernels)
        fits = d in (2, 3) and self.before.ndim == d and self.before.shape == self.after.shape
        fits = fits and self.low.shape == self.high.shape == (d,)
        if not fits or any(group.ndim != 2 or group.shape[1] != d for group in points):
            shapes = [list(array.shape) for array in (self.low, self.before, self.after, *points)]
            raise InputError(f"a reward field of {d} axes with shapes {shapes}", "a 2-D or 3-D grid and points in it")


@dataclass(frozen=True, eq=False)
class LatentMap:
    """Points of whitened latent space: ``demonstrations [D, W]`` (at least one), ``probes [P, W]`` of the last audit,
    and the places of the worst ``findings [F, W]``.

    Raises:
        InputError: the shapes do not fit.
    """

    demonstrations: NDArray[np.floating]
    probes: NDArray[np.floating]
    findings: NDArray[np.floating]

    def __post_init__(self) -> None:
        shapes = [group.shape for group in (self.demonstrations, self.probes, self.findings)]
        if not len(self.demonstrations) or len({shape[1:] for shape in shapes}) != 1 or len(shapes[0]) != 2:
            raise InputError(f"a latent map of shapes {[list(shape) for shape in shapes]}", "[N, W] with one W")
