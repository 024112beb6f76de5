"""Sections of the training job and its optimiser."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from iirl_core.config.section import Fraction, Section


class OptimiserSection(Section):
    """AdamW with warm-up and cosine decay."""

    learning_rate: float = Field(default=1e-3, gt=0)
    encoder_learning_rate: float = Field(default=2e-5, gt=0)
    """Of a text encoder's own weights, where ``encoder.tuning`` trains them."""
    weight_decay: float = Field(default=0.0, ge=0)
    warmup_steps: int = Field(default=20, ge=0)
    gradient_clip: float = Field(default=1.0, gt=0)


class SelectSection(Section):
    """A re-fit learns from the comparisons nearest to what a policy writes (FRFT, arXiv 2412.10529). How near a
    comparison is: the highest cosine between a sentence embedding of either of its answers and one of the samples.
    """

    near: str | list[str] = []
    """The corpora of the policy's samples (role ``samples``), one for each round; of a single one each round takes
    another part."""
    by: Literal["near", "random"] = "near"
    """``random`` keeps as many of all comparisons, whatever they resemble: the control."""
    keep: Annotated[int, Field(ge=1, strict=True)] | Annotated[float, Field(gt=0, lt=1)] | None = None
    """How many comparisons of the train split are kept, or which share of them."""
    threshold: float | None = Field(default=None, ge=-1, le=1)
    """The least cosine of what is kept. One of ``keep`` and ``threshold`` is needed."""
    similarity: Literal["answer", "prompt+answer"] = "answer"
    """What is embedded: answers alone, or each after its prompt."""
    model: str = "minilm"
    """The sentence encoder, as in ``encoder.model``; its last hidden states are averaged."""
    rounds: int = Field(default=1, ge=1)
    """α: how often to select and re-fit, each time from the artifact of the round before. More than one is
    *policy-adaptive*."""

    @property
    def samples(self) -> tuple[str, ...]:
        """The corpora of samples, by round."""
        return (self.near,) if isinstance(self.near, str) else tuple(self.near)

    @model_validator(mode="after")
    def _has_a_bound(self) -> SelectSection:
        if self.keep is None and self.threshold is None:
            raise ValueError("train.select: how many comparisons? Give keep or threshold")
        if self.by == "random" and (self.threshold is not None or self.samples):
            raise ValueError("train.select: by: random looks at no sample, so it takes neither near nor threshold")
        if self.by == "near" and len(self.samples) not in (1, self.rounds):
            raise ValueError(f"train.select: {len(self.samples)} corpora in near for {self.rounds} rounds")
        return self


class HeldOutSection(Section):
    """Prompts of the train split that training does not learn from, but is judged on while it lasts."""

    fraction: float = Field(default=0.05, gt=0, lt=1)
    """Of the train split's prompts (of its trajectories), by hash."""
    every: int = Field(default=50, ge=1)
    """Steps between evaluations; the end is always one."""
    patience: int | None = Field(default=None, ge=1)
    """Stop after so many evaluations in a row without a lower loss, and seal the weights of the lowest. None: train to
    the end, and seal what comes of it."""


class TrainSection(Section):
    """The Ray Train job and its DeepSpeed engine."""

    epochs: int = Field(default=20, ge=1)
    head_epochs: int = Field(default=0, ge=0)
    """Before a text encoder is trained with its head (``encoder.tuning``): epochs of the head alone, over rows of the
    encoder as it is, so that an untrained head does not lead the encoder astray (Kumar et al., arXiv 2202.10054). A
    training in itself, by the other keys of this section, ``held_out`` too, but not ``trackers``."""
    batch: int = Field(default=256, ge=1)
    """Rows per step over all workers."""
    accumulation: int = Field(default=1, ge=1)
    """Parts in which a worker takes its rows of a step, one after the other: less memory. A part's loss is its rows'
    weighted mean, and parts count equally, as workers do: where weights differ the step is nearly the same, not quite.
    A loss that looks at a whole batch (joint, or any with length_debias) sees a part, which takes 16 rows or more."""
    sorted_together: int = Field(default=8, ge=1)
    """Batches of texts that are sorted by length against each other, so that little of what is computed is padding. The
    more, the less padding; but where classes differ in length, each batch is nearly one of a class. 1: as they come,
    and so they do under every loss that looks at a whole batch."""
    gradient_checkpointing: bool = False
    """Keep only each layer's input of a text encoder in training, and compute the rest again: less memory, a third more
    work."""
    optimiser: OptimiserSection = OptimiserSection()
    workers: int = Field(default=1, ge=1)
    cpus_per_worker: float = Field(default=1.0, gt=0)
    gpus_per_worker: float = Field(default=0.0, ge=0, le=1)
    """0 or 1: a worker computes on one GPU, and shares none with another (a single worker may take a part of one)."""
    gpus_per_encoder: float | None = Field(default=None, gt=0)
    """Of each actor that encodes. Above 1 the encoder is spread over them, layer by layer, for one that does not fit on
    a single GPU; None: as many as a worker has."""
    zero_stage: Literal[0, 1, 2, 3] = 1
    precision: Literal["fp32", "bf16"] = "fp32"
    offload: Literal["none", "cpu", "weights"] = "none"
    """``cpu``: the optimiser's state, two to three numbers a weight, stays in the host's memory and the step is taken
    there (zero_stage 1, 2, 3). ``weights``: they stay there, too, and come to the device a layer at a time (3)."""
    checkpoint_every: int = Field(default=200, ge=1)
    """Steps between checkpoints; the end is always one."""
    max_failures: int = Field(default=3, ge=0)
    trackers: list[Literal["mlflow", "wandb"]] = []
    """Tools that are told how training goes, beside TensorBoard, whose event files are always written (in the store,
    under the run). Each is an extra of the package (``iirl[mlflow]``, ``iirl[wandb]``), and takes its own environment
    variables."""
    parent: str | None = None
    """Start from the weights of this artifact (``NAME``, ``NAME@CHANNEL`` or ``sha256:…``), of the same encoder, family
    and shape, and seal its child: without its patches, and only if it keeps the known-good budget of the root's guard
    set. The encoder stays as it is (``encoder.tuning: frozen``): only the head is re-fitted. ``NAME`` must not be the
    name that this run seals under, or each run would start from the last."""
    corrections: str | None = None
    """Learn, too, what the repairs of this artifact's chain mended (``NAME``, ``NAME@CHANNEL`` or ``sha256:…``):
    findings as negatives, as demonstrations or as comparisons, whichever their norms and the family make of them
    ([repairs](repairs.md)). With ``parent`` the child keeps the root's guard set; without it is a new root. ``NAME``
    must not be the name that this run seals under."""
    select: SelectSection | None = None
    held_out: HeldOutSection | None = None
    """None: nothing is held out of the train split."""

    @model_validator(mode="after")
    def _fits_deepspeed(self) -> TrainSection:
        if self.workers > 1 and self.gpus_per_worker not in (0, 1):
            raise ValueError(
                f"gpus_per_worker: {self.gpus_per_worker:g} of each of {self.workers} workers, but each rank takes a"
                " GPU of its own; take 0 or 1"
            )
        if self.precision == "bf16" and self.zero_stage == 0:
            raise ValueError("precision: DeepSpeed keeps no full weights beside bf16 in zero_stage 0; take 1, 2 or 3")
        if self.offload == "cpu" and self.zero_stage == 0:
            raise ValueError("offload: DeepSpeed moves no optimiser of zero_stage 0; take 1, 2 or 3")
        if self.offload == "weights" and self.zero_stage != 3:
            raise ValueError(f"offload: weights stay on the device in zero_stage {self.zero_stage}; take 3, or cpu")
        return self


class ForgetSection(Section):
    """How ``iirl forget`` re-fits weights that learnt from what they are to forget."""

    epochs: int = Field(default=5, ge=1)
    """Over the records that are left, from the weights as they are (so no ``head_epochs``); all else is as ``train``
    says. With ``--from-scratch``, from fresh weights, it is ``train.epochs``."""
    lost: Fraction = 0.1
    """The share of the known-good guard inputs that are left which may have lost more than 5% of the root's reward, by
    this forgetting and all that happened since training together. More, and nothing is sealed; 1 forgets at any price.
    The root is the oldest artifact of the line whose guard set the store still has: where the older ones were deleted,
    what earlier forgettings took is not counted any more."""
