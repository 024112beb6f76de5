"""The section of evaluation."""

from __future__ import annotations

from pydantic import Field, model_validator

from iirl_core.config.section import Section
from iirl_core.config.suites import Suite


class EvaluateSection(Section):
    """Frozen data → numbers."""

    bootstrap: int = Field(default=1000, ge=100)
    """Resamples behind every confidence interval."""
    perturbation: list[float] = [0.1, 0.3, 1.0]
    """Noise on unseen trajectories, in standard deviations of the demonstrations, for the AUROC."""
    suites: list[Suite] = []
    """Files that the artifact is asked about, beside the unseen splits of its corpora; by the scorers of ``audit``."""

    rollouts: list[str] = []
    """NPZ files of rollouts whose true returns are known (``rewards`` of every step, or ``returns`` of every episode):
    does a reward of trajectories rank them so? Paths or globs."""

    @model_validator(mode="after")
    def _suites_have_names(self) -> EvaluateSection:
        names = [suite.name for suite in self.suites]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"suites: two are called {twice[0]}")
        return self
