"""Bounding: what floors want to rise, and what ceilings keep from rising with it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from iirl_core.audit.finding import Finding
from iirl_core.norm.judge import spoken_of
from iirl_core.norm.norm import Norm, NormKind
from iirl_core.patch.boosting import Lows
from iirl_core.repair.aiming import target_of
from iirl_core.repair.asked import Asked
from iirl_core.repair.ground import Ground
from iirl_core.reward_model import RewardModel


def lows_of(model: RewardModel, findings: Sequence[Finding], norms: Sequence[Norm]) -> Lows:
    """The offending rows of those ``findings`` that break a floor, and whose reward is a number."""
    floors = {norm.id: target_of(norm) for norm in norms if norm.kind is NormKind.FLOOR}
    low = [one for one in findings if one.norm in floors and not any(map(math.isnan, one.rewards))]
    encoded = model.encoder.encode([one.offender for one in low])
    starts = torch.tensor([0, *encoded.lengths]).cumsum(0)[:-1]
    rows = starts + torch.tensor([one.step for one in low], dtype=torch.int64)
    least = torch.tensor([floors[one.norm] for one in low], dtype=torch.float64)
    return Lows(encoded.z[rows], least, tuple(one.id for one in low), tuple(one.norm for one in low))


def bounded_rows(ground: Ground, target: float) -> Tensor:
    """``[B, D]``: rows of which ceilings below ``target`` speak, among all that the ground asks. One that names a
    region, or what it matches, speaks of other families' questions, too.
    """
    rows = [
        found
        for number, norm in enumerate(ground.norms)
        if norm.kind is NormKind.CEILING and norm.threshold < target
        for asked in (ground.findings, ground.around, ground.fresh)
        if len(found := _spoken_of(norm, number, asked))
    ]
    return torch.cat(rows) if rows else torch.zeros(0, ground.parent.encoder.width)


def _spoken_of(norm: Norm, number: int, asked: Asked) -> Tensor:
    everywhere = norm.region is not None or bool(norm.matches)
    mine = {index for index, about in asked.questions if everywhere or about == number}
    probes = [
        (probe, rows)
        for index, (probe, rows) in enumerate(zip(asked.probes, asked.last(), strict=True))
        if index in mine
    ]
    if not probes:
        return torch.zeros(0)
    lengths = [len(rows) for _, rows in probes]
    which = spoken_of(norm, [probe.inputs[-1] for probe, _ in probes], lengths, [probe.source for probe, _ in probes])
    return torch.cat([rows for _, rows in probes])[torch.from_numpy(which)]
