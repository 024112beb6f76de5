"""Regions: balls around findings that lie together, in which a map can be sculpted for itself.

Findings are covered by balls, as triage clusters them, in the first offered space that has one place for a row (without
a gate that would weaken what acts there). A ball's core holds its findings with room for their neighbours; its radius
is twice that, and what the widest kernel has.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from iirl_core.config.governance import PatchSection
from iirl_core.patch.ball import Ball
from iirl_core.patch.patch import Space
from iirl_core.reward_model import RewardModel
from iirl_core.triage.covering import cover

MOST = 8
"""Regions of one norm, the fullest first: each is tried on its own."""
ROOM = 0.5
"""The share of the core that a region's findings fill at most, as far as their number tells."""


def regions(z: Tensor, model: RewardModel, section: PatchSection) -> Iterator[tuple[Tensor, Ball]]:
    """Which of the rows ``z [F, D]`` lie in a region (bool ``[F]``), and the region: those of most rows first."""
    space = _space(model, section)
    if space is None:
        return
    phi = model.space(z, space)[0][:, 0]
    core = section.max_width / 2
    owner = torch.from_numpy(cover(phi.numpy(), ROOM * core, MOST * MOST))
    counts = torch.bincount(owner)
    for number in np.argsort(-counts.numpy(), kind="stable")[:MOST].tolist():
        mine = owner == number
        centre = phi[mine].mean(dim=0)
        inside = torch.linalg.vector_norm(phi - centre, dim=1) <= core
        yield inside, Ball(space, 0, tuple(centre.tolist()), core, section.max_width)


def reached(ball: Ball | None, model: RewardModel, z: Tensor) -> Tensor:
    """Bool ``[N]``: which of the rows ``z [N, D]`` a repair in ``ball`` acts on (None: all)."""
    if ball is None:
        return torch.ones(len(z), dtype=torch.bool)
    return ball.weight(*model.space(z, ball.space)) > 0


def _space(model: RewardModel, section: PatchSection) -> Space | None:
    probe = torch.zeros(1, model.encoder.width)
    single = (space for space in section.spaces if model.space(probe, space)[1].shape[1] == 1)
    return next(single, None)
