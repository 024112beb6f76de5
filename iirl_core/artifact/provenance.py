"""How a reward was learnt: without which interaction, and from what supervision. Recorded, and never overstated."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """How far a reward was learnt without interaction."""

    STRICT = "strict"
    """Fixed data only: no environment, no policy sampled or updated."""
    FROZEN_POLICY = "frozen-policy"
    """Negatives were sampled once from fixed policies."""
    POLICY_ADAPTIVE = "policy-adaptive"
    """Samples of a moving policy were used, in training or in audits."""


class Supervision(StrEnum):
    """What told good from bad. A person's triage labels are recorded beside it (``human``)."""

    DEMONSTRATIONS_ONLY = "demonstrations-only"
    """No comparisons, no labelled negatives, no choice of models by quality."""
    WEAK = "weak"
    """Labelled or chosen negatives, or models ranked by quality."""
    PREFERENCE = "preference"
    """Comparisons, trained on as comparisons."""
