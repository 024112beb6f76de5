"""The bootstrap behind every interval: whole clusters are drawn with replacement (Davison and Hinkley 1997, §3.8).

A cluster is what is not independent within: answers to one prompt, steps of one trajectory. Intervals are percentile
intervals. Where every cluster agrees a bootstrap shows no spread at all; the share's exact bound for that many clusters
(Clopper and Pearson 1934) then takes its place, so that 1.0 of three never looks certain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iirl_core.errors import InputError
from iirl_core.evaluation.estimate import Estimate

TAIL = 0.025


@dataclass(frozen=True)
class Resampling:
    """``draws`` resamples, made from ``seed``."""

    draws: int = 1000
    seed: int = 0

    def weights(self, clusters: int) -> Iterator[NDArray[np.float64]]:
        """``draws`` times ``[clusters]``: how often a resample holds each cluster."""
        generator = np.random.default_rng([self.seed, clusters])
        for _ in range(self.draws):
            drawn = generator.integers(clusters, size=clusters)
            yield np.bincount(drawn, minlength=clusters).astype(np.float64)

    def estimate(
        self,
        name: str,
        clusters: NDArray[np.int64],
        statistic: Callable[[NDArray[np.float64]], float],
        *,
        share: bool = False,
    ) -> Estimate:
        """``statistic`` of the records' weights ``[N]`` (all 1 for the data as they are), with its interval.

        ``clusters [N]`` numbers each record's cluster, any integers. ``share``: the statistic is a probability, to
        which the exact bound applies. Resamples on which it is NaN (one class missing) are left out.

        Raises:
            InputError: there are no records.
        """
        if len(clusters) == 0:
            raise InputError(f"{name} of no records", "at least one")
        _, owner = np.unique(clusters, return_inverse=True)
        count = int(owner.max()) + 1
        value = statistic(np.ones(len(owner)))
        found = np.array([statistic(weights[owner]) for weights in self.weights(count)])
        low, high = _interval(found[np.isfinite(found)], value, count, share=share)
        return Estimate(name, value, min(low, value), max(high, value), len(owner), count)

    def share(self, name: str, clusters: NDArray[np.int64], values: NDArray[np.float64]) -> Estimate:
        """The mean of ``values [N]`` in [0, 1]; fast however many records a cluster has.

        Raises:
            InputError: there are no records.
        """
        return self._mean(name, clusters, values, share=True)

    def mean(self, name: str, clusters: NDArray[np.int64], values: NDArray[np.float64]) -> Estimate:
        """The mean of ``values [N]`` on any scale.

        Raises:
            InputError: there are no records.
        """
        return self._mean(name, clusters, values, share=False)

    def _mean(self, name: str, clusters: NDArray[np.int64], values: NDArray[np.float64], *, share: bool) -> Estimate:
        if len(clusters) == 0:
            raise InputError(f"{name} of no records", "at least one")
        _, owner = np.unique(clusters, return_inverse=True)
        sizes = np.bincount(owner).astype(np.float64)
        sums = np.bincount(owner, weights=values)
        found = np.array([(weights @ sums) / (weights @ sizes) for weights in self.weights(len(sizes))])
        value = float(sums.sum() / sizes.sum())
        low, high = _interval(found, value, len(sizes), share=share)
        return Estimate(name, value, min(low, value), max(high, value), len(owner), len(sizes))


def _interval(found: NDArray[np.float64], value: float, clusters: int, *, share: bool) -> tuple[float, float]:
    """The percentile interval, or the exact bound of a share of 0 or 1."""
    exact = TAIL ** (1 / clusters)
    if share and value in (0.0, 1.0) and (len(found) == 0 or float(np.ptp(found)) == 0):
        return (exact, 1.0) if value == 1.0 else (0.0, 1 - exact)
    if len(found) == 0:
        return value, value
    low, high = np.quantile(found, [TAIL, 1 - TAIL])
    return float(low), float(high)
