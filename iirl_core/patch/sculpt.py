"""A Sculpt: the map from signal to reward, lowered or raised where signals tell flaws from known-good inputs (IIRL's
functional sculpting).

    lower   m′(S) = min(m(S), line(S))
    raise   m′(S) = max(m(S), line(S))

The line is piecewise linear, never falls, and is level outside its knots; so m′ is monotone by construction, and
exactly m where the line does not bind.

One with a ball acts in its region alone, blended by the ball's weight w(x), which is 1 inside and 0 outside:

    m″(S, x) = (1 − w(x))·m(S) + w(x)·m′(S)

At a place, w is a number, and a mean of two monotone maps is monotone: there, too, a higher signal never earns less.
Between two places it may: that is what a region is for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from iirl_core.canonical import JsonValue, digest_json
from iirl_core.errors import ArtifactError
from iirl_core.mapping.line import is_line, line_through
from iirl_core.mapping.protocol import Monotone
from iirl_core.patch.ball import Ball
from iirl_core.patch.balls import Balls, Within
from iirl_core.patch.patch import Space

Side = Literal["lower", "raise"]


@dataclass(frozen=True)
class Sculpt:
    """``knots``: at least two (signal, reward), signals rising (as float32), rewards in [0, 1] never falling.
    ``findings`` and ``norms`` say why; ``round`` says when. Disabled ones stay on record and do nothing. ``ball`` is
    where it acts (None: everywhere).

    Raises:
        ArtifactError: the knots are not such.
    """

    side: Side
    knots: tuple[tuple[float, float], ...]
    findings: tuple[str, ...]
    norms: tuple[str, ...]
    round: int
    enabled: bool = True
    ball: Ball | None = None

    def __post_init__(self) -> None:
        if not is_line(self.knots) or self.side not in ("lower", "raise"):
            raise ArtifactError(
                f"a sculpted map with knots {self.knots}", "two or more, signals rising, rewards in [0, 1] not falling"
            )

    @property
    def id(self) -> str:
        """Names it by its content, as a patch's: ``m-`` and 12 hexadecimal digits."""
        content: list[JsonValue] = [self.side, [list(knot) for knot in self.knots], self.round]
        if self.ball is not None:
            content += [self.ball.space, self.ball.expert, list(self.ball.centre), self.ball.core, self.ball.radius]
        return "m-" + digest_json([*content, sorted(self.findings), sorted(self.norms)])[7:19]

    @property
    def effect(self) -> str:
        """In a word."""
        return self.side

    @property
    def where(self) -> str:
        """In words."""
        (first, _), *_, (last, _) = self.knots
        signals = (
            f"signals {'below' if self.side == 'lower' else 'above'} {last if self.side == 'lower' else first:.4g}"
        )
        ball = self.ball
        return signals if ball is None else f"{signals} within {ball.radius:.3g} of a place in {ball.space}"

    def apply(self, signal: Tensor, reward: Tensor, weight: Tensor | None = None) -> Tensor:
        """``reward`` of ``signal``, any shape, lowered or raised to the line, by the share ``weight`` of the way (any
        shape that broadcasts; None: all of it); differentiable.
        """
        line = line_through(self.knots, signal)
        shaped = torch.minimum(reward, line) if self.side == "lower" else torch.maximum(reward, line)
        return shaped if weight is None else reward + weight * (shaped - reward)


@dataclass(frozen=True)
class Sculpted:
    """A map with its enabled sculpts on it, in their order."""

    base: Monotone
    sculpts: tuple[Sculpt, ...]

    @classmethod
    def of(cls, base: Monotone, sculpts: Sequence[Sculpt]) -> Sculpted:
        """With those that are enabled."""
        return cls(base, tuple(one for one in sculpts if one.enabled))

    @cached_property
    def balls(self) -> Balls:
        """The regions in which some of them act: where there are such, rewards depend on where a row lies, too."""
        return Balls([one.ball for one in self.sculpts])

    def reward(self, signal: Tensor) -> Tensor:
        """Elementwise, any shape, where no region reaches; in [0, 1], and never lower for a higher signal."""
        reward = self.base.reward(signal)
        for one in self.sculpts:
            if one.ball is None:
                reward = one.apply(signal, reward)
        return reward

    def at(self, place: Callable[[Space], tuple[Tensor, Tensor]]) -> Placed:
        """The map of N rows; ``place`` gives their coordinates in a space (``phi [N, E, L]``, ``gate [N, E]``)."""
        return Placed(self, self.balls.within({space: place(space) for space in self.balls.spaces}))


@dataclass(frozen=True, eq=False)
class Placed:
    """The map at the places of N rows: which lie ``within`` each sculpt's region (None: all of them, wholly)."""

    shaped: Sculpted
    within: tuple[Within | None, ...]

    def pick(self, rows: Tensor) -> Placed:
        """At the places of some of the rows, given by their numbers."""
        return Placed(self.shaped, tuple(inside and inside.pick(rows) for inside in self.within))

    def reward(self, signal: Tensor) -> Tensor:
        """``[…, N]`` → ``[…, N]``, in [0, 1], and at each place never lower for a higher signal."""
        reward = self.shaped.base.reward(signal)
        for one, inside in zip(self.shaped.sculpts, self.within, strict=True):
            if inside is None:
                reward = one.apply(signal, reward)
            elif len(inside.rows):
                here = one.apply(signal[..., inside.rows], reward[..., inside.rows], inside.weight.to(reward.dtype))
                reward = reward.index_copy(-1, inside.rows, here)
        return reward
