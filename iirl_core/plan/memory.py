"""Bytes on one device: what parameters cost under ZeRO, and what a pass keeps for the way back.

Sources: ZeRO (Rajbhandari et al. 2020, arXiv 1910.02054, §3 and §5), ZeRO-Offload (Ren et al. 2021, arXiv 2101.06840,
§4), activations (Korthikanti et al. 2022, arXiv 2205.05198, §4). Communication buckets, the allocator's fragments and
the libraries' own memory come on top.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from iirl_core.plan.backbone import Backbone

Precision = Literal["fp32", "bf16"]
Stage = Literal[0, 1, 2, 3]
Offload = Literal["none", "cpu", "weights"]
WIDTH: dict[Precision, int] = {"fp32": 4, "bf16": 2}
"""Bytes of a weight, of its gradient, and of an activation."""
ADAM = 8
"""Bytes of Adam's two moments, in fp32."""
MASTER = 4
"""Bytes of the fp32 weight that a bf16 one is rounded from; where ZeRO divides the optimiser it keeps one of fp32, too.
"""


@dataclass(frozen=True)
class Memory:
    """Bytes, of one device; ``host`` is what lies in its machine's memory instead."""

    weights: float
    gradients: float
    optimiser: float
    activations: float = 0.0
    host: float = 0.0

    @property
    def device(self) -> float:
        """All that lies on the device."""
        return self.weights + self.gradients + self.optimiser + self.activations


def states(
    trainable: int,
    frozen: int,
    *,
    precision: Precision,
    stage: Stage,
    devices: int,
    offload: Offload = "none",
    gathered: int = 0,
) -> Memory:
    """Model states of one of ``devices``: ``w·(Ψ + Φ)`` of weights, ``w·Ψ`` of gradients and ``K·Ψ`` of Adam for Ψ
    trainable and Φ frozen parameters; w = 2 in bf16 and 4 in fp32, and K = 12 (two moments and a master weight, which
    DeepSpeed keeps apart from a weight of fp32, too), but 8 in fp32 at stage 0, which divides nothing. Stage 1 divides
    the optimiser's part by the devices, stage 2 the gradients' too, stage 3 also the weights (ZeRO, §5, figure 1). At
    stage 3 the ``gathered`` parameters that are used together are whole while they are used.

    Offloading moves the optimiser's part to the host, and from stage 2 the gradients with it (ZeRO-Offload, §4.1); of
    ``weights``, at stage 3, also those but for the gathered ones (ZeRO-Infinity, arXiv 2104.07857, §5.1).
    """
    width = WIDTH[precision]
    weights = width * (trainable + frozen) / (devices if stage == 3 else 1)
    gradients = width * trainable / (devices if stage >= 2 else 1)
    each = ADAM + (MASTER if precision == "bf16" or stage >= 1 else 0)
    optimiser = each * trainable / (devices if stage >= 1 else 1)
    host = 0.0
    if offload != "none" and stage >= 1:
        host, optimiser = optimiser, 0.0
        if stage >= 2:
            host, gradients = host + gradients, 0.0
    if offload == "weights" and stage == 3:
        host, weights = host + weights, 0.0 if devices > 1 else float(width * gathered)
    if stage == 3 and devices > 1:
        weights += width * gathered
    return Memory(weights, gradients, optimiser, host=host)


def activations(backbone: Backbone, tokens: int, *, precision: Precision, checkpointing: bool) -> float:
    """Bytes that a forward pass over ``tokens`` tokens keeps for the backward pass, without dropout.

    What each operation of a layer keeps is counted as Korthikanti et al. do (§4.1; their layer keeps ``34·s·b·h`` bytes
    beside attention's matrix, 2 of the 34 for dropout): the inputs of products and normalisations, queries, keys,
    values, attention's output, and the feed-forward part's inner rows. Attention keeps no ``s × s`` matrix but a
    logarithm for each row and head (Dao et al. 2022, arXiv 2205.14135, §3.1). With ``checkpointing`` only each layer's
    input stays, and one layer at a time is computed again (§5).
    """
    one = tokens * _layer_bytes(backbone, WIDTH[precision])
    if checkpointing:
        return backbone.layers * WIDTH[precision] * tokens * backbone.width + one
    return backbone.layers * one


def _layer_bytes(backbone: Backbone, width: int) -> int:
    """Of one token in one layer."""
    attention = width * (2 * backbone.query + 2 * backbone.key_value) + 4 * backbone.heads
    if not backbone.gated:
        return attention + width * (4 * backbone.width + 2 * backbone.inner)
    # transformers computes root mean squares in fp32, and keeps the row so and the normalised row as it came.
    norm = backbone.width * (4 + width)
    return attention + 2 * norm + width * (2 * backbone.width + 4 * backbone.inner)
