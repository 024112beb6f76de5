"""Length: what length alone would reach. A reward that does no better has perhaps learnt nothing else."""

from __future__ import annotations

from dataclasses import replace

from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Frozen
from iirl_core.evaluation.ranking import RANKINGS
from iirl_core.evaluation.resampling import Resampling


def length(frozen: Frozen, resampling: Resampling) -> list[Estimate]:
    """``length/FIGURE`` for each figure of a ranking: the same with the length of the answer as the reward, longer
    being better. Contrasts of equal lengths (noisy copies) have none.
    """
    by_length = frozen.without_copies().scored_by(lambda group: group.lengths)
    found = [estimate for suite in RANKINGS for estimate in suite(by_length, resampling)]
    return [replace(estimate, name=f"length/{estimate.name}") for estimate in found]
