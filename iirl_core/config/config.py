"""The whole configuration."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from iirl_core.config.consistency import check_consistency
from iirl_core.config.contrast import CASTS, Contrast, Play
from iirl_core.config.corpora import CorpusSection
from iirl_core.config.encoding import Encoder
from iirl_core.config.evaluation import EvaluateSection
from iirl_core.config.expertness import Expertness, MixtureSection, length_debias_of
from iirl_core.config.governance import (
    AuditSection,
    FlywheelSection,
    PatchSection,
    ReleaseSection,
    ReviewSection,
    ServeSection,
)
from iirl_core.config.imitation import ImitateSection
from iirl_core.config.mapping import ExponentialSection, Mapping
from iirl_core.config.norms import NormSection
from iirl_core.config.planning import PlanSection
from iirl_core.config.sampling import SampleSection
from iirl_core.config.section import Section
from iirl_core.config.training import ForgetSection, TrainSection


class Config(Section):
    """One reward model, from its corpora to its endpoint."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: str = Field(default="0.1.0", pattern=r"^\d+\.\d+\.\d+$")
    store: str = ".iirl"
    """A folder, or s3://bucket/prefix."""
    keys: str = ".iirl-keys"
    """The folder of private and public keys; never inside the store."""
    seed: int = Field(default=0, ge=0)
    corpora: list[CorpusSection] = Field(min_length=1)
    contrast: Contrast | None = None
    """Which corpora play D_E and D_neg, by role; the others are not learnt from. ``init-sft``: samples of π_SFT against
    those of π_init; ``init-demo``, ``sft-demo``: demonstrations against those of π_init, of π_SFT; ``preference``:
    comparisons, by Bradley–Terry; ``one-class``: demonstrations alone. None: demonstrations against negatives, where
    there are some."""
    sample: list[SampleSection] = []
    """Corpora of policies' answers, for ``iirl sample``."""
    encoder: Encoder
    expertness: Expertness = MixtureSection()
    mapping: Mapping = ExponentialSection()
    train: TrainSection = TrainSection()
    forget: ForgetSection = ForgetSection()
    imitate: ImitateSection | None = None
    plan: PlanSection = PlanSection()
    evaluate: EvaluateSection = EvaluateSection()
    norms: list[NormSection] = []
    audit: AuditSection
    triage: Literal["automatic", "manual"] = "manual"
    """``automatic``: a verified finding of a hard norm becomes *flaw*, all else stays *unsure*, unpatched and printed.
    ``manual``: every finding stays *unsure*, and nothing is patched but what people label. People's labels go before
    either."""
    review: ReviewSection = ReviewSection()
    patch: PatchSection = PatchSection()
    release: ReleaseSection = ReleaseSection()
    serve: ServeSection = ServeSection()
    flywheel: FlywheelSection = FlywheelSection()

    @property
    def tunes(self) -> bool:
        """Whether the text encoder itself is trained."""
        return self.encoder.kind == "text" and self.encoder.tuning != "frozen"

    @property
    def trusts_remote_code(self) -> bool:
        """Whether code that came with the text encoder may run."""
        return self.encoder.kind == "text" and self.encoder.trust_remote_code

    @property
    def length_debias(self) -> float:
        """The weight of length debiasing; 0 where the family has no such term."""
        return length_debias_of(self.expertness)

    def playing(self, play: Play) -> list[CorpusSection]:
        """The corpora that play D_E (``demonstrations``) or D_neg (``negatives``) under the contrast."""
        return CASTS[self.contrast].playing(play, self.corpora)

    @model_validator(mode="after")
    def _fits_together(self) -> Config:
        check_consistency(self)
        return self
