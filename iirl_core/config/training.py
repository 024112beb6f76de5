"""Sections of the training job and its optimiser."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from iirl_core.config.section import Section


class OptimiserSection(Section):
    """AdamW with warm-up and cosine decay."""

    learning_rate: float = Field(default=1e-3, gt=0)
    encoder_learning_rate: float = Field(default=2e-5, gt=0)
    """Of a text encoder's own weights, where ``encoder.tuning`` trains them."""
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

    @model_validator(mode="after")
    def _fits_deepspeed(self) -> TrainSection:
        if self.precision == "bf16" and self.zero_stage == 0:
            raise ValueError("precision: DeepSpeed keeps no full weights beside bf16 in zero_stage 0; take 1, 2 or 3")
        return self
