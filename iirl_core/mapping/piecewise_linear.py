"""A monotone map of straight pieces, for signals whose distributions no curve of two numbers fits."""

from __future__ import annotations

from collections.abc import Mapping as Document
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from torch import Tensor

from iirl_core.config.mapping import PiecewiseLinearSection
from iirl_core.errors import ArtifactError, ConfigError
from iirl_core.mapping.line import is_line, line_through


@dataclass(frozen=True)
class PiecewiseLinear:
    """``m(S)`` on the straight line between the two ``knots`` (signal, reward) around S; that of the first or the last
    outside them.

    Raises:
        ArtifactError: fewer than two knots, a number that is not finite, signals that do not rise (as float32), rewards
            outside [0, 1], that fall, or that are all the same (as float32).
    """

    knots: tuple[tuple[float, float], ...]
    kind: str = "piecewise_linear"

    def __post_init__(self) -> None:
        if not is_line(self.knots) or _same(self.knots[0][1], self.knots[-1][1]):
            raise ArtifactError(
                f"piecewise linear map {self.knots}", "signals that rise, rewards in [0, 1] that rise and never fall"
            )

    def reward(self, signal: Tensor) -> Tensor:
        """Elementwise, any shape, in [0, 1]."""
        return line_through(self.knots, signal).clamp(0, 1)

    def document(self) -> Document[str, str | float]:
        """Kind and knots: ``signal_0, reward_0, signal_1, …``."""
        signals = {f"signal_{place}": signal for place, (signal, _) in enumerate(self.knots)}
        rewards = {f"reward_{place}": reward for place, (_, reward) in enumerate(self.knots)}
        return {"kind": self.kind, **signals, **rewards}

    @classmethod
    def told(cls, numbers: Document[str, float]) -> PiecewiseLinear:
        """The inverse of ``document``, of its numbers.

        Raises:
            ArtifactError: they are no such map's.
        """
        places = range(len(numbers) // 2)
        if sorted(numbers) != sorted(f"{name}_{place}" for name in ("signal", "reward") for place in places):
            raise ArtifactError(f"piecewise linear map {dict(numbers)}", "signal_0, reward_0, signal_1, …")
        return cls(tuple((numbers[f"signal_{place}"], numbers[f"reward_{place}"]) for place in places))


def calibrate_piecewise_linear(
    section: PiecewiseLinearSection, demonstrations: Tensor, contrast: Tensor
) -> PiecewiseLinear:
    """Knots at the configured quantiles of both, in the order of their signals, with the rewards nearest to the
    configured ones, in least squares, that never fall. Anchors that share a signal count each.

    Raises:
        ConfigError: then all rewards are the same (as float32): the contrast's signal is not below the demonstrations'.
    """
    found = [
        (float(np.float32(signals.quantile(quantile).item())), reward)
        for signals, anchors in ((demonstrations, section.demonstrations), (contrast, section.contrast))
        for quantile, reward in anchors.items()
    ]
    groups = groupby(sorted(found), key=lambda anchor: anchor[0])
    anchored = {signal: [reward for _, reward in anchors] for signal, anchors in groups}
    rewards = _never_falling(list(anchored.values()))
    if _same(rewards[0], rewards[-1]):
        raise ConfigError(
            f"mapping: the anchors are inverted: signals at the contrast's quantiles {sorted(section.contrast)} are"
            f" not below those at the demonstrations' {sorted(section.demonstrations)}",
            "the contrast below the demonstrations",
            "Train longer, look at the negatives, or move mapping's quantiles apart",
        )
    return PiecewiseLinear(tuple(zip(anchored, rewards, strict=True)))


def _never_falling(wanted: Sequence[Sequence[float]]) -> list[float]:
    """One number for each place where some are ``wanted``, the nearest to all of them in least squares that never fall:
    adjacent violators are pooled (Ayer et al. 1955, Annals of Mathematical Statistics 26).
    """
    pools: list[tuple[int, list[float]]] = []
    for rewards in wanted:
        pools.append((1, list(rewards)))
        while len(pools) > 1 and np.mean(pools[-2][1]) > np.mean(pools[-1][1]):
            (places, before), (more, last) = pools[-2:]
            pools[-2:] = [(places + more, before + last)]
    return [float(np.mean(rewards)) for places, rewards in pools for _ in range(places)]


def _same(first: float, last: float) -> bool:
    """Whether rewards that never fall end where they began, in the precision in which they are given."""
    return bool(np.float32(first) >= np.float32(last))
