"""Which models a stock classifier can hold exactly, and why not the others. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from iirl_core.config.encoding import Pooling

TANH_HEADS = ("bert", "roberta", "xlm-roberta", "camembert")
"""Model types whose stock head is ``tanh(first token·A + a)·B + b`` with as many units as the encoder is wide."""

HEADLESS = "the family has no head of its own, so its signal is not a classifier's"


@dataclass(frozen=True)
class Shape:
    """``model_type`` is the encoder's in transformers; ``scored``: its stock classifier is ``last token·B``, as
    decoders' are; ``averaged``: the signal is the members' mean; ``width`` D; ``units`` M·H, 0 for lines; ``line``:
    members' signals are lines of their heads' outputs, and ``shift`` the constant in them.
    """

    model_type: str
    scored: bool
    remote_code: bool
    pooling: Pooling
    averaged: bool
    width: int
    units: int
    line: bool
    shift: float


def refusal(shape: Shape) -> str | None:
    """Why no stock classifier gives the signal, and what would be needed; None where one does."""
    if shape.remote_code:
        return "the encoder runs code of its own"
    if not shape.averaged:
        return "a stock classifier can only average an ensemble (expertness.combine: mean)"
    if not shape.line:
        return "the signal is no line of a head's output (expertness.steps: 1 would make it one)"
    if shape.model_type in TANH_HEADS:
        return _of_tanh(shape)
    if shape.scored:
        return _of_score(shape)
    return f"no stock classifier of {shape.model_type} models is known to hold a head of ours"


def _of_tanh(shape: Shape) -> str | None:
    if shape.pooling == "last":
        return f"the stock head of {shape.model_type} looks at the first token, not the last (encoder.pooling: mean)"
    if shape.units == 0:
        return f"the stock head of {shape.model_type} has hidden units (expertness.hidden above 0)"
    if shape.units > shape.width:
        return (
            f"the stock head of {shape.model_type} has {shape.width} hidden units, the ensemble {shape.units}"
            f" (expertness.hidden × members at most {shape.width})"
        )
    return None


def _of_score(shape: Shape) -> str | None:
    if shape.pooling != "last":
        return f"the stock head of {shape.model_type} looks at the last token alone (encoder.pooling: last)"
    if shape.units:
        return f"the stock head of {shape.model_type} is a line (expertness.hidden: 0)"
    if shape.shift:
        return f"the stock head of {shape.model_type} is a line without a constant, which this family's signal needs"
    return None
