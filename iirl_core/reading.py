"""What a RewardModel says (Reading) and what that means under a Release (Score)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from iirl_core.canonical import Digest


@dataclass(frozen=True)
class Evidence:
    """Why the numbers are what they are.

    ``unpatched_reward`` is what training alone gave; ``suppressed`` and ``boosted`` are the summed effects of the
    patches before the clip, and ``patches`` names those that touched the input (strongest first, at most 8);
    ``reshaped`` is what repairs of another kind, which act everywhere, added to the reward (below 0: took from it).
    ``disagreement`` (of the ensemble) and ``support_distance`` (from the training support) are the two parts of the
    uncertainty, each calibrated to [0, 1]; ``gate`` is the weight of each expert, averaged over steps.
    """

    unpatched_reward: float
    suppressed: float
    boosted: float
    patches: tuple[str, ...]
    disagreement: float
    support_distance: float
    gate: tuple[float, ...]
    reshaped: float = 0.0


@dataclass(frozen=True)
class TokenCount:
    """How many tokens the encoder saw, and whether the text was cut to fit (never silently)."""

    count: int
    truncated: bool


@dataclass(frozen=True)
class Reading:
    """What a RewardModel says of one input.

    ``signal`` is S_θ (a trajectory's is the mean over its steps), ``reward`` in [0, 1] is the patched m_ψ(S_θ) (a
    trajectory's is the mean of ``step_rewards``), ``uncertainty`` in [0, 1] is the larger of the two parts in the
    evidence (a trajectory's is that of its most uncertain step).
    """

    signal: float
    reward: float
    uncertainty: float
    evidence: Evidence
    step_rewards: tuple[float, ...] = ()
    """One per step of a trajectory; empty for a conversation."""
    tokens: TokenCount | None = None
    """None for a trajectory."""


class Action(StrEnum):
    """Enforcement's word on one input."""

    ALLOW = "allow"
    BLOCK = "block"
    ESCALATE = "escalate"


@dataclass(frozen=True)
class Score:
    """A Reading judged under a Release: what a trainer receives, and why.

    ``delivered`` is the number for the trainer after enforcement, scaled by β (None: the release refuses to give one);
    the Reading keeps the raw reward. ``drawn_distance`` is the support distance of one step of a trajectory, drawn by
    its content (a conversation's own): drift is measured on it, for the farthest of more steps lies farther.
    """

    reading: Reading
    coverage_uncertainty: float
    drawn_distance: float
    action: Action
    delivered: float | None
    digest: Digest
    release: str
    reasons: tuple[str, ...] = field(default=())
    """Which thresholds were crossed, in the order of enforcement."""
