"""Length: what length alone would reach. A reward that does no better has perhaps learnt nothing else."""

from __future__ import annotations

import numpy as np

from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Frozen
from iirl_core.evaluation.pairs import preferred
from iirl_core.evaluation.resampling import Resampling
from iirl_core.evaluation.separation import auroc


def length(frozen: Frozen, resampling: Resampling) -> list[Estimate]:
    """``length/CONTRAST``: the AUROC of the answer's length, longer being better; ``length/pairs``: the accuracy of
    preferring the longer answer. Contrasts of equal lengths (noisy copies) have none.
    """
    found = []
    shown = frozen.demonstrations
    for contrast in frozen.contrasts:
        both = np.concatenate([shown.lengths, contrast.lengths])
        if len(contrast) and len(shown) and not np.array_equal(shown.lengths, contrast.lengths):
            clusters = np.concatenate([shown.clusters, contrast.clusters])
            statistic = auroc(both[: len(shown)], both[len(shown) :])
            found.append(resampling.estimate(f"length/{contrast.name}", clusters, statistic, share=True))
    if len(frozen.pairs):
        chosen, rejected = frozen.pairs[:, 0], frozen.pairs[:, 1]
        longer = preferred(shown.lengths[chosen], frozen.contrasts[0].lengths[rejected])
        found.append(resampling.share("length/pairs", shown.clusters[chosen], longer))
    return found
