"""What of an encoder can be seen to be wrong in the configuration alone."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from iirl_core.config.encoding import TextEncoderSection


def test_a_long_text_is_cut_as_other_tools_cut_it_unless_the_first_token_is_looked_at() -> None:
    assert TextEncoderSection().truncation == "left"
    assert TextEncoderSection(pooling="last").truncation == "left"
    assert TextEncoderSection(pooling="cls").truncation == "context"
    assert TextEncoderSection.model_validate({"pooling": "cls"}).model_dump()["truncation"] == "context"


@pytest.mark.parametrize("pooling", ["mean", "cls", "last"])
def test_the_context_is_cut_where_that_is_said(pooling: str) -> None:
    said = {"pooling": pooling, "truncation": "context"}
    assert TextEncoderSection.model_validate(said).truncation == "context"


def test_the_first_token_cannot_be_both_cut_and_looked_at() -> None:
    TextEncoderSection.model_validate({"pooling": "last", "truncation": "left"})
    with pytest.raises(ValidationError, match=r"take truncation: context, or pooling: mean"):
        TextEncoderSection.model_validate({"pooling": "cls", "truncation": "left"})
