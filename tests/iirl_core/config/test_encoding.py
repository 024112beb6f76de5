"""What of an encoder can be seen to be wrong in the configuration alone."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from iirl_core.config.encoding import TextEncoderSection


def test_the_context_is_cut_unless_left_is_said() -> None:
    assert TextEncoderSection().truncation == "context"
    assert TextEncoderSection.model_validate({"truncation": "left"}).truncation == "left"


def test_the_first_token_cannot_be_both_cut_and_looked_at() -> None:
    TextEncoderSection.model_validate({"pooling": "cls"})
    TextEncoderSection.model_validate({"pooling": "last", "truncation": "left"})
    with pytest.raises(ValidationError, match=r"take truncation: context, or pooling: mean"):
        TextEncoderSection.model_validate({"pooling": "cls", "truncation": "left"})
