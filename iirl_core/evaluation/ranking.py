"""The suites that look at nothing but the order of rewards. Any score can stand in their place, so each of their
figures has two beside it: what length alone reaches, and what a head that nobody trained reaches.
"""

from __future__ import annotations

from collections.abc import Callable

from iirl_core.evaluation.best_of_n import best_of_n
from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Frozen
from iirl_core.evaluation.judge import judge
from iirl_core.evaluation.pairs import pairs
from iirl_core.evaluation.resampling import Resampling
from iirl_core.evaluation.separation import separation

Suite = Callable[[Frozen, Resampling], list[Estimate]]

RANKINGS: tuple[Suite, ...] = (separation, pairs, judge, best_of_n)


def rankings(frozen: Frozen, resampling: Resampling) -> list[Estimate]:
    """All of them."""
    return [estimate for suite in RANKINGS for estimate in suite(frozen, resampling)]
