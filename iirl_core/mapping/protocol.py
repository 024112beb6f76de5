"""What a map m_ψ is: signal → reward in [0, 1], monotone, calibrated once and then frozen."""

from __future__ import annotations

from collections.abc import Mapping as Document
from typing import Protocol

from torch import Tensor


class Monotone(Protocol):
    """Signal → reward. A higher signal never gives a lower reward."""

    def reward(self, signal: Tensor) -> Tensor:
        """Elementwise, any shape; the result lies in [0, 1]."""
        ...


class Mapping(Monotone, Protocol):
    """m_ψ, a frozen dataclass of a few floats."""

    @property
    def kind(self) -> str:
        """``exponential``, ``sigmoid``, ``piecewise_linear``."""
        ...

    def document(self) -> Document[str, str | float]:
        """What the manifest keeps (kind and parameters); ``mapping.from_document`` is its inverse."""
        ...
