"""Contrasts: which corpora play D_E and which D_neg (AfD, arXiv 2405.15624, table 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from iirl_core.config.corpora import CorpusSection, Role

Contrast = Literal["init-sft", "init-demo", "sft-demo", "preference", "one-class"]
Play = Literal["demonstrations", "negatives"]
"""D_E and D_neg."""


@dataclass(frozen=True)
class Cast:
    """Who plays D_E and who D_neg (None: nobody), and the families that learn from such a pair (none: all)."""

    demonstrations: Role
    negatives: Role | None
    families: tuple[str, ...] = ()

    def playing(self, play: Play, corpora: list[CorpusSection]) -> list[CorpusSection]:
        """The corpora that play one side, in their order."""
        role = self.demonstrations if play == "demonstrations" else self.negatives
        return [corpus for corpus in corpora if corpus.role == role]


_TWO_CLASSES = ("discriminator", "joint")
CASTS: dict[Contrast | None, Cast] = {
    None: Cast("demonstrations", "negatives"),
    "init-sft": Cast("sft-samples", "init-samples", (*_TWO_CLASSES, "log_ratio")),
    "init-demo": Cast("demonstrations", "init-samples", (*_TWO_CLASSES, "log_ratio")),
    "sft-demo": Cast("demonstrations", "sft-samples", _TWO_CLASSES),
    "preference": Cast("demonstrations", "negatives", ("bradley_terry",)),
    "one-class": Cast("demonstrations", None, ("autoencoder_mixture", "occupancy", *_TWO_CLASSES)),
}
"""In one-class, families of two classes learn from negatives made of demonstrations."""


def check_contrast(contrast: Contrast | None, corpora: list[CorpusSection], family: str) -> None:
    """Refuse a contrast that cannot be drawn.

    Raises:
        ValueError: no corpus has a role that it needs, the family does not learn from it, or corpora hold samples but
            there is no contrast to say what they play.
    """
    cast = CASTS[contrast]
    if contrast is None:
        for corpus in corpora:
            if corpus.role in ("init-samples", "sft-samples"):
                raise ValueError(f"corpora: what {corpus.name} ({corpus.role}) plays is for a contrast to say; set one")
    for role in (cast.demonstrations, cast.negatives):
        if role is not None and not any(corpus.role == role for corpus in corpora):
            if contrast is not None:
                raise ValueError(f"contrast: {contrast} needs a corpus with the role {role}")
            if role == "demonstrations":
                raise ValueError("corpora: none has the role demonstrations")
    if cast.families and family not in cast.families:
        raise ValueError(f"contrast: {contrast} is nothing that {family} learns from; expected {_or(cast.families)}")


def _or(families: tuple[str, ...]) -> str:
    return " or ".join(families)
