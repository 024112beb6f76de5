"""How policies are to be trained: where, and by which optimiser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from iirl_core.optimiser import ars, ppo


@dataclass(frozen=True)
class Training:
    """``worlds(copies)`` makes an environment, and ``settings`` says by which optimiser policies are trained in it, and
    how; each episode of a trained policy is asked in so many ``pieces``.
    """

    worlds: Callable[[int], ars.Worlds]
    settings: ars.Settings | ppo.Settings
    pieces: int = 1
