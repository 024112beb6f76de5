"""Floating point operations of training, and how long they take.

Sources: Kaplan et al. 2020 (arXiv 2001.08361, §2.1 and table 1), Hoffmann et al. 2022 (arXiv 2203.15556, appendix F): a
product with N weights costs 2N a token forward, as much again for the gradient of its input, and as much again for that
of its weights: 6N where it is trained.
"""

from __future__ import annotations

from typing import Literal

from iirl_core.config.expertness import MixtureSection
from iirl_core.config.sizes import ASKED_ROWS, BATCH, FOLDS, PREDICTIONS, STEPS, sizes_of
from iirl_core.plan.backbone import Backbone
from iirl_core.plan.head import mixture_head

Tuning = Literal["frozen", "full", "lora"]


def forward_flops(backbone: Backbone, length: float) -> float:
    """Per token of a sequence of ``length``: ``2N + 4·L·s·d`` with L layers and queries of width d; half of the second
    term where attention is causal, as a token sees half of the others on average (Kaplan et al., table 1).

    Embeddings are looked up, so they are not in N.
    """
    return 2 * backbone.products + _attention_flops(backbone, length)


def training_flops(
    backbone: Backbone, length: float, *, tuning: Tuning, adapters: int = 0, checkpointing: bool = False
) -> float:
    """Per token: the forward pass alone where the backbone is ``frozen``; three times that where it is trained in
    ``full``. With ``lora`` the gradients of its weights are not computed, but those of what flows between them are:
    ``4N``, attention as in full, and ``6A`` for A ``adapters`` parameters. ``checkpointing`` computes the forward pass
    once more (Korthikanti et al. 2022, arXiv 2205.05198, §5).
    """
    forward = forward_flops(backbone, length)
    if tuning == "frozen":
        return forward
    unneeded = 2 * backbone.products if tuning == "lora" else 0
    again = forward + 2 * adapters if checkpointing else 0.0
    return 3 * forward - unneeded + 6 * adapters + again


def search_flops(section: MixtureSection, width: int) -> float:
    """Of choosing a mixture's size, over rows of ``width`` dimensions, by fitting every size that is left open (6 a
    parameter and row) and asking it about held-out rows (2), one member each; at most: there may be fewer rows.
    """
    rows = 6 * STEPS * BATCH + 2 * PREDICTIONS * min(FOLDS, width) * ASKED_ROWS
    alone = section.model_copy(update={"members": 1})
    return float(rows * sum(mixture_head(alone, width, *size).parameters for size in sizes_of(section, width)))


def _attention_flops(backbone: Backbone, length: float) -> float:
    return (2 if backbone.causal else 4) * backbone.layers * length * backbone.query


def hours(flops: float, peak: float, utilisation: float) -> float:
    """Device-hours of ``flops`` on devices whose ``peak`` is in FLOP/s, of which they reach the share ``utilisation``
    (the model FLOPs utilisation of Chowdhery et al. 2022, arXiv 2204.02311, appendix B).
    """
    return flops / (peak * utilisation) / 3600
