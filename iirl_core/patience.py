"""Patience: how often what was lost on the way is asked for again, and after which pauses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """At most so many ``losses``; ``pause`` seconds (≥ 0) after the first one, doubled after each.

    Example:
        >>> [Patience(losses=2, pause=0.5).pause_after(losses) for losses in (1, 2, 3)]
        [0.5, 1.0, None]
    """

    losses: int
    pause: float

    def pause_after(self, losses: int) -> float | None:
        """Seconds until it is asked for again after so many losses (≥ 1); None: it is given up."""
        return None if losses > self.losses else self.pause * 2.0 ** (losses - 1)


PATIENCE = Patience(losses=6, pause=2.0)
"""Two minutes in all: longer than a cluster takes to see that a node has gone."""
