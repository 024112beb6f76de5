"""The section of evaluation."""

from __future__ import annotations

from pydantic import Field

from iirl_core.config.section import Section


class EvaluateSection(Section):
    """Frozen data → numbers."""

    bootstrap: int = Field(default=1000, ge=100)
    """Resamples behind every confidence interval."""
    perturbation: list[float] = [0.1, 0.3, 1.0]
    """Noise on unseen trajectories, in standard deviations of the demonstrations, for the AUROC."""
