"""Length: what length alone would reach. A reward that does no better has perhaps learnt nothing else."""

from __future__ import annotations

from iirl_core.evaluation.baselines import length_alone
from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Frozen
from iirl_core.evaluation.ranking import rankings
from iirl_core.evaluation.resampling import Resampling


def length(frozen: Frozen, resampling: Resampling) -> list[Estimate]:
    """``length/FIGURE`` for each figure of a ranking. Contrasts of equal lengths (noisy copies) have none."""
    return length_alone(rankings, frozen.without_copies(), resampling)
