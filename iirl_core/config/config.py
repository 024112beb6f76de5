"""The whole configuration."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from iirl_core.config.contrast import CASTS, Contrast, Play, check_contrast
from iirl_core.config.corpora import CorpusSection
from iirl_core.config.encoding import Encoder
from iirl_core.config.evaluation import EvaluateSection
from iirl_core.config.expertness import (
    CONVERSATIONS_ONLY,
    ORDER_ONLY,
    ORDERLESS,
    BradleyTerrySection,
    DiscriminatorSection,
    Expertness,
    JointSection,
    LogRatioSection,
    MixtureSection,
    length_debias_of,
    sees_whole_batches,
)
from iirl_core.config.governance import (
    AuditSection,
    FlywheelSection,
    NormSection,
    PatchSection,
    ReleaseSection,
    ServeSection,
)
from iirl_core.config.imitation import ImitateSection
from iirl_core.config.mapping import ExponentialSection, Mapping
from iirl_core.config.planning import PlanSection
from iirl_core.config.sampling import SampleSection
from iirl_core.config.section import Section
from iirl_core.config.training import TrainSection

PART_ROWS = 16
"""Rows that a worker needs at a time under a loss that looks at a whole batch."""


class Config(Section):
    """One reward model, from its corpora to its endpoint."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: str = Field(default="0.1.0", pattern=r"^\d+\.\d+\.\d+$")
    store: str = ".iirl"
    """A folder, or s3://bucket/prefix."""
    keys: str = ".iirl-keys"
    """The folder of private and public keys; never inside the store."""
    seed: int = 0
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
    imitate: ImitateSection | None = None
    plan: PlanSection = PlanSection()
    evaluate: EvaluateSection = EvaluateSection()
    norms: list[NormSection] = []
    audit: AuditSection
    triage: Literal["automatic", "manual"] = "manual"
    """``automatic``: a verified finding of a hard norm becomes *flaw*, all else stays *unsure*, unpatched and printed.
    ``manual``: every finding stays *unsure*: people read the audit, and nothing is patched."""
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
        check_contrast(self.contrast, self.corpora, self.expertness.family)
        names = [corpus.name for corpus in self.corpora]
        if len(set(names)) != len(names):
            raise ValueError("corpora: two have the same name")
        self._check_sampled()
        self._check_screened()
        if isinstance(self.expertness, DiscriminatorSection | JointSection):
            self._check_corrupted(self.expertness.corrupted.shares(), bool(self.playing("negatives")))
        if isinstance(self.expertness, BradleyTerrySection):
            self._check_comparisons()
        if self.encoder.kind == "trajectory" and self.length_debias:
            raise ValueError("expertness.length_debias: the length is an answer's; give it a text encoder")
        if self.train.held_out is not None and self.expertness.family == "occupancy":
            raise ValueError("train.held_out: occupancy is learnt in one pass, during which there is nothing to judge")
        if self.mapping.kind == "exponential" and self.expertness.family not in ("autoencoder_mixture", "occupancy"):
            raise ValueError("mapping: exponential maps an error; give this family a sigmoid")
        self._check_trajectories()
        self._check_refit()
        self._check_suites(names)
        self._check_tuning()
        self._check_parts()
        if isinstance(self.expertness, LogRatioSection) and (self.encoder.kind != "text" or self.tunes):
            raise ValueError("expertness: log_ratio trains nothing and reads texts; give it a frozen text encoder")
        asked = set(self.audit.probes)
        for norm in self.norms:
            if unasked := set(norm.families) - asked:
                raise ValueError(f"norms: {norm.id} needs families that audit.probes does not ask: {sorted(unasked)}")
        return self

    def _check_parts(self) -> None:
        """A correlation or a difference of class means needs more than a few rows."""
        rows = self.train.batch // (self.train.workers * self.train.accumulation)
        if sees_whole_batches(self.expertness) and rows < PART_ROWS:
            raise ValueError(
                f"train.batch: a part of {rows} rows tells a loss that looks at a whole batch too little; let batch /"
                f" (workers × accumulation) be at least {PART_ROWS}"
            )

    def _check_sampled(self) -> None:
        sampled = [one.name for one in self.sample]
        if len(set(sampled)) != len(sampled):
            raise ValueError("sample: two have the same name")
        for corpus in self.corpora:
            if (corpus.name in sampled) == bool(corpus.files):
                raise ValueError(f"corpora: {corpus.name} needs files, or an entry in sample of that name; not both")
            if corpus.name in sampled and (ignored := corpus.ingest_keys()):
                raise ValueError(
                    f"corpora: {corpus.name} is sampled, not ingested: an answer has its prompt's split and weight, so"
                    f" nothing reads {', '.join(ignored)}"
                )

    def _check_screened(self) -> None:
        for corpus in self.corpora:
            for key in ("near_duplicates", "decontaminate"):
                if getattr(corpus, key) and self.encoder.kind != "text":
                    raise ValueError(f"corpora: {key} in {corpus.name} compares texts, and there are trajectories")
            if corpus.name in corpus.decontaminate:
                raise ValueError(f"corpora: {corpus.name} is to be decontaminated from itself")

    def _check_refit(self) -> None:
        parent, select = self.train.parent, self.train.select
        if self.imitate is not None and (self.imitate.train.parent or self.imitate.train.select):
            raise ValueError("imitate.train: parent and select are for rewards; its parent is imitate.model")
        if parent == self.name:
            raise ValueError(f"train.parent: {parent} is what this run seals; give a digest, or another name")
        if parent is not None and self.expertness.family == "occupancy":
            raise ValueError("train.parent: an occupancy is measured anew, from no weights")
        if parent is not None and self.expertness.family == "log_ratio":
            raise ValueError("train.parent: a log_ratio has no weights of its own to start from")
        if parent is not None and self.tunes:
            raise ValueError("train.parent: the root's guard set is kept as its encoder reads it; tuning: frozen")
        if select is None:
            return
        if parent is None or self.expertness.family != "bradley_terry":
            raise ValueError("train.select: a re-fit by Bradley–Terry; it needs train.parent and that family")
        samples = [corpus.name for corpus in self.corpora if corpus.role == "samples"]
        if missing := set(select.samples) - set(samples):
            raise ValueError(f"train.select.near: {min(missing)} is no corpus with the role samples")

    def _check_trajectories(self) -> None:
        episodic = self.expertness.family == "occupancy"
        if episodic and self.encoder.kind != "trajectory":
            raise ValueError("expertness: an occupancy is that of trajectories; give it an encoder of them")
        if self.encoder.kind != "trajectory" and self.evaluate.rollouts:
            raise ValueError("evaluate: rollouts are ranked by a reward of trajectories")
        if self.encoder.kind == "trajectory" and self.encoder.emphasis == "departure":
            for corpus in self.playing("demonstrations"):
                if corpus.segment:
                    raise ValueError(
                        f"encoder: emphasis: departure needs to see where {corpus.name} begins: no segment"
                    )
        if self.encoder.kind == "trajectory" and self.encoder.terminal == "absorbing" and not episodic:
            raise ValueError(f"encoder: {self.expertness.family} scores rows alone, so terminal: ignored")

    def _check_suites(self, corpora: list[str]) -> None:
        if self.evaluate.suites and self.encoder.kind != "text":
            raise ValueError("evaluate.suites: they hold answers to prompts; give the model a text encoder")
        if shared := {suite.name for suite in self.evaluate.suites} & set(corpora):
            raise ValueError(f"evaluate.suites: {min(shared)} is the name of a corpus")

    def _check_tuning(self) -> None:
        if self.tunes and self.expertness.family == "autoencoder_mixture":
            raise ValueError(
                "encoder.tuning: what is easiest to reconstruct is an encoder that says the same of every text; give"
                " autoencoder_mixture a frozen encoder, or learn from negatives"
            )
        if self.train.gradient_checkpointing and not self.tunes:
            raise ValueError("train.gradient_checkpointing: needs encoder.tuning: full or lora")

    def _check_comparisons(self) -> None:
        if self.encoder.kind != "text":
            raise ValueError("expertness: bradley_terry compares answers to a prompt; give it a text encoder")
        sides = {"chosen": self.playing("demonstrations"), "rejected": self.playing("negatives")}
        for side, corpora in sides.items():
            for corpus in corpora:
                if corpus.take != side or not corpus.paired:
                    raise ValueError(
                        f"corpora: bradley_terry needs take: {side} and paired: true in {corpus.name} ({corpus.role})"
                    )
        chosen, rejected = (sorted(repr(_rows_of(one)) for one in corpora) for corpora in sides.values())
        if chosen != rejected:
            raise ValueError(
                "corpora: each file of comparisons needs two corpora, take: chosen and take: rejected, of one split,"
                " near_duplicates and decontaminate"
            )
        if self.train.batch % (2 * self.train.workers * self.train.accumulation):
            parts = f" in {self.train.accumulation} parts each" if self.train.accumulation > 1 else ""
            workers = f"{self.train.workers} workers{parts}"
            raise ValueError(f"train.batch: {self.train.batch} rows are not whole comparisons for {workers}")

    def _check_corrupted(self, shares: dict[str, float], told: bool) -> None:
        if not told and not shares:
            raise ValueError(
                f"expertness: {self.expertness.family} needs a corpus with the role negatives, or corrupted ones"
            )
        for name in shares:
            if (name in CONVERSATIONS_ONLY) != (self.encoder.kind == "text"):
                raise ValueError(
                    f"expertness.corrupted: {name} is nothing that an encoder of {self.encoder.kind} reads"
                )
            if name in ORDER_ONLY and self.encoder.kind == "trajectory" and self.encoder.rows in ORDERLESS:
                raise ValueError(f"expertness.corrupted: {name} changes no row of {self.encoder.rows}")


def _rows_of(corpus: CorpusSection) -> tuple[object, ...]:
    """What decides which comparisons are in a corpus: both sides must agree in it."""
    return corpus.files, corpus.split, corpus.near_duplicates, sorted(corpus.decontaminate)
