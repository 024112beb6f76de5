"""The bootstrap behind every interval: whole clusters are drawn with replacement (Davison and Hinkley 1997, §3.8).

A cluster is what is not independent within: answers to one prompt, steps of one trajectory. Intervals are percentile
intervals. Where they have no width (every cluster agrees, or those of each part that a figure weighs by itself) a
bootstrap shows no spread at all. A bound for that many clusters then takes its place, so that 1.0 of three never looks
certain, nor does a tie of one: of a mean v in [a, b] of n clusters

    a + t·(v − a)  to  b − t·(b − v),  t = 0.025^(1/n)

By Markov's inequality a cluster reaches v with probability (μ − a)/(v − a) at most, so all n do with that to the power
of n: less than 2.5% where the true mean μ is below the lower end, and alike from above. At v = a and v = b it is the
exact bound of Clopper and Pearson 1934; between them, what Learned-Miller and Thomas 2019 (arXiv 1905.06208) have for
equal samples. Of a figure that weighs parts n is the number of clusters in the smallest part: let μ − a be a share r ≤
t of v − a, and r_j those of the parts, r their weighted mean. Then ∏ min(r_j, 1)^(n_j) ≤ min(r_j)^n ≤ r^n ≤ 2.5%,
whatever the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iirl_core.errors import InputError
from iirl_core.evaluation.estimate import Estimate

TAIL = 0.025
SHARE = (0.0, 1.0)
"""The range of a share."""
NO_WIDTH = 1e-9
"""Of an interval: what is less is rounding."""


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
        within: tuple[float, float] | None = None,
        parts: NDArray[np.int64] | None = None,
    ) -> Estimate:
        """``statistic`` of the records' weights ``[N]`` (all 1 for the data as they are), with its interval.

        ``clusters [N]`` numbers each record's cluster, any integers. ``within``: the statistic is a mean in that range
        (``SHARE`` of a probability), to which the bound above applies; ``parts [N]`` numbers the parts that it weighs
        by themselves. Resamples on which it is NaN (one class missing) are left out.

        Raises:
            InputError: there are no records.
        """
        if len(clusters) == 0:
            raise InputError(f"{name} of no records", "at least one")
        _, owner = np.unique(clusters, return_inverse=True)
        count = int(owner.max()) + 1
        value = statistic(np.ones(len(owner)))
        found = np.array([statistic(weights[owner]) for weights in self.weights(count)])
        fewest = count if parts is None else _fewest(owner, parts)
        low, high = _interval(found[np.isfinite(found)], value, fewest, within)
        return Estimate(name, value, low, high, len(owner), count)

    def share(self, name: str, clusters: NDArray[np.int64], values: NDArray[np.float64]) -> Estimate:
        """The mean of ``values [N]`` in [0, 1]; fast however many records a cluster has.

        Raises:
            InputError: there are no records.
        """
        return self._mean(name, clusters, values, SHARE)

    def mean(self, name: str, clusters: NDArray[np.int64], values: NDArray[np.float64]) -> Estimate:
        """The mean of ``values [N]`` on any scale.

        Raises:
            InputError: there are no records.
        """
        return self._mean(name, clusters, values, None)

    def _mean(
        self,
        name: str,
        clusters: NDArray[np.int64],
        values: NDArray[np.float64],
        within: tuple[float, float] | None,
    ) -> Estimate:
        if len(clusters) == 0:
            raise InputError(f"{name} of no records", "at least one")
        _, owner = np.unique(clusters, return_inverse=True)
        sizes = np.bincount(owner).astype(np.float64)
        sums = np.bincount(owner, weights=values)
        found = np.array([(weights @ sums) / (weights @ sizes) for weights in self.weights(len(sizes))])
        value = float(sums.sum() / sizes.sum())
        low, high = _interval(found, value, len(sizes), within)
        return Estimate(name, value, low, high, len(owner), len(sizes))


def _fewest(owner: NDArray[np.int64], parts: NDArray[np.int64]) -> int:
    """Clusters in the part that has the fewest."""
    places = np.unique(np.stack([parts, owner]), axis=1)[0]
    return int(np.unique(places, return_counts=True)[1].min())


def _interval(
    found: NDArray[np.float64], value: float, fewest: int, within: tuple[float, float] | None
) -> tuple[float, float]:
    """The percentile interval, widened to ``value``; where that has no width, the bound of a mean ``within`` a range.
    ``fewest`` clusters are in one part.
    """
    low, high = np.quantile(found, [TAIL, 1 - TAIL]) if len(found) else (value, value)
    low, high = min(float(low), value), max(float(high), value)
    if within is None or high - low > NO_WIDTH:
        return low, high
    least, most = within
    t = TAIL ** (1 / fewest)
    return min(least + t * (value - least), low), max(most - t * (most - value), high)
