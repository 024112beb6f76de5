from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from iirl_core.classifier.refusal import Shape, refusal

BERT = Shape(
    "bert", scored=False, remote_code=False, pooling="mean", averaged=True, width=32, units=32, line=True, shift=0.5
)
LLAMA = Shape(
    "llama", scored=True, remote_code=False, pooling="last", averaged=True, width=32, units=0, line=True, shift=0.0
)


@pytest.mark.parametrize("shape", [BERT, LLAMA, replace(BERT, pooling="cls"), replace(BERT, model_type="roberta")])
def test_what_a_stock_head_can_hold_is_not_refused(shape: Shape) -> None:
    assert refusal(shape) is None


@pytest.mark.parametrize(
    ("shape", "changes", "why"),
    [
        (BERT, {"remote_code": True}, "code of its own"),
        (BERT, {"averaged": False}, "expertness.combine: mean"),
        (BERT, {"line": False}, "expertness.steps: 1"),
        (BERT, {"pooling": "last"}, "encoder.pooling: mean"),
        (BERT, {"units": 0}, "expertness.hidden above 0"),
        (BERT, {"units": 33}, "at most 32"),
        (BERT, {"model_type": "distilbert"}, "distilbert"),
        (LLAMA, {"pooling": "mean"}, "encoder.pooling: last"),
        (LLAMA, {"units": 8}, "expertness.hidden: 0"),
        (LLAMA, {"shift": 0.1}, "without a constant"),
    ],
)
def test_what_it_cannot_hold_is_refused_with_what_would_be_needed(
    shape: Shape, changes: dict[str, Any], why: str
) -> None:
    assert why in str(refusal(replace(shape, **changes)))
