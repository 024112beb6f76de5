"""What every section of the configuration is."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """Frozen, and unknown keys fail."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
