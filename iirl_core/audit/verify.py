"""Verification: a finding is believed when it is found again by another path.

The audit scores thousands of probes in columns. Here the finding's inputs are written out as JSON, parsed again as any
caller's record, read alone through ``RewardModel.read``, and the norm is evaluated again from them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from iirl_core.audit.chunk import ChunkResult, worst_first
from iirl_core.audit.finding import Finding
from iirl_core.canonical import canonical_json
from iirl_core.demonstration import Input, Trajectory
from iirl_core.errors import InputError
from iirl_core.norm.judge import judge
from iirl_core.norm.judgement import Answer
from iirl_core.norm.norm import Norm
from iirl_core.norm.number import norm_of
from iirl_core.records import document_of, parse_record
from iirl_core.reward_model import RewardModel


class Audited(Protocol):
    """What a finding is about; an Artifact is one."""

    @property
    def model(self) -> RewardModel:
        """Patched as it is sealed."""
        ...


def verify(finding: Finding, artifact: Audited, norms: Sequence[Norm]) -> Finding | None:
    """``finding`` with rewards, excess and step as computed anew, or None: it does not hold, or its norm is gone."""
    norm = norm_of(norms, finding.norm)
    if norm is None:
        return None
    inputs = tuple(_parsed_again(item) for item in finding.inputs)
    answers = answers_of(artifact.model, inputs)
    judged = judge(norm, inputs, answers, finding.source)
    if not judged.broken:
        return None
    rewards = judged.looked_at(answers)
    return replace(finding, inputs=inputs, rewards=rewards, excess=judged.excess, step=judged.step)


def answers_of(model: RewardModel, inputs: Sequence[Input]) -> tuple[Answer, ...]:
    """Of each input, read alone."""
    return tuple(_answer(model, item) for item in inputs)


def verified(result: ChunkResult, artifact: Audited, norms: Sequence[Norm]) -> ChunkResult:
    """One chunk's ``result`` with the findings that hold, as computed anew; the others are refuted: they broke none."""
    found = [verify(finding, artifact, norms) for finding in result.findings]
    lost = [one for one, again in zip(result.findings, found, strict=True) if again is None]
    by_norm = Counter((one.family, one.norm) for one in lost)
    by_situation = Counter((one.family, one.situation) for one in lost)
    families = tuple(replace(one, broken=one.broken - by_norm[one.family, one.norm]) for one in result.families)
    cells = tuple(replace(one, broken=one.broken - by_situation[one.family, one.situation]) for one in result.cells)
    held = worst_first(finding for finding in found if finding is not None)
    return replace(result, families=families, cells=cells, findings=held, refuted=result.refuted + len(lost))


def _parsed_again(item: Input) -> Input:
    return parse_record(json.loads(canonical_json(document_of(item))))


def _answer(model: RewardModel, item: Input) -> Answer:
    """Not a number where the model has none to give: that is found, and nothing to stop for."""
    try:
        (reading,) = model.read([item])
    except InputError:
        return np.full(len(item) if isinstance(item, Trajectory) else 1, np.nan, dtype=np.float32)
    return np.array(reading.step_rewards or (reading.reward,), dtype=np.float32)
