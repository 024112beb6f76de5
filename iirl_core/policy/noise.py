"""Sampling whose outcome belongs to an answer alone: not to the batch it is written in, nor to who writes it.

A token is drawn as ``argmax_v(logit_v/T + G_v)`` with Gumbel noise G (Gumbel 1954; Maddison et al., arXiv 1411.0030),
which draws from softmax(logits/T). The noise follows from (seed, prompt, number of the answer, place of the token).
What is left of the batch is rounding: logits differ in the sixth digit with what else is computed beside them. So where
the two best tokens nearly tie, the answer's logits are computed again, alone, and those decide.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

NEAR = 1e-4
"""Two tokens nearly tie whose logits (or probabilities, at the edge of ``top_p``) differ by less: far above what
rounding in float32 moves them by."""


@dataclass(frozen=True)
class Draw:
    """How tokens are drawn: ``temperature`` ≥ 0 (0: the likeliest), ``top_p`` in (0, 1]."""

    temperature: float
    top_p: float


class AnswerNoise:
    """A logits processor of transformers: the logits of a batch → scores whose argmax is what each answer draws.

    ``keys`` name the answers, ``pads`` how many padding tokens stand before each; ``alone`` gives the logits ``[V]``
    that follow one sequence of ids ``[T]`` without padding.
    """

    def __init__(
        self, draw: Draw, keys: Sequence[bytes], pads: Sequence[int], alone: Callable[[Tensor], Tensor]
    ) -> None:
        self.draw, self.pads, self.alone = draw, tuple(pads), alone
        self._noise = [np.random.Generator(np.random.Philox(int.from_bytes(key, "little"))) for key in keys]

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """``input_ids [B, T]``, ``scores [B, V]`` → ``[B, V]``: 0 for the token that is drawn, else −∞."""
        drawn = torch.full_like(scores, -torch.inf)
        for row, logits in enumerate(scores):
            noise = self._gumbel(row, len(logits)).to(logits.device)
            token, certain = choose(logits, noise, self.draw)
            if not certain:
                token, _ = choose(self.alone(input_ids[row, self.pads[row] :]), noise, self.draw)
            drawn[row, token] = 0
        return drawn

    def _gumbel(self, row: int, size: int) -> Tensor:
        exponential = self._noise[row].standard_exponential(size, dtype=np.float32)
        return -torch.from_numpy(np.maximum(exponential, np.finfo(np.float32).tiny)).log()


def choose(logits: Tensor, noise: Tensor, draw: Draw) -> tuple[int, bool]:
    """``logits [V]``, ``noise [V]`` → the token that is drawn, and whether rounding could not have made it another."""
    if draw.temperature == 0:
        return _first(logits, NEAR)
    scaled = logits.float() / draw.temperature
    noisy = scaled + noise
    if draw.top_p == 1:
        return _first(noisy, NEAR / draw.temperature)
    probabilities = scaled.softmax(dim=-1).sort(descending=True)
    before = torch.empty_like(noisy)
    before[probabilities.indices] = probabilities.values.cumsum(dim=-1) - probabilities.values
    kept = before < draw.top_p
    token, certain = _first(noisy.masked_fill(~kept, -torch.inf), NEAR / draw.temperature)
    edges = (
        noisy.masked_fill(before >= edge, -torch.inf) for edge in (max(draw.top_p - NEAR, NEAR), draw.top_p + NEAR)
    )
    certain = certain and all(int(edge.argmax()) == token for edge in edges)
    return token, certain and not _swaps(scaled, noisy, kept, token, NEAR / draw.temperature)


def _swaps(scaled: Tensor, noisy: Tensor, kept: Tensor, token: int, near: float) -> bool:
    """Whether another token could be drawn if nearly equal ones changed places across the edge of what is ``kept [V]``:
    the drawn one might fall out, or one that is out might come in and be first.
    """
    if bool(kept.all()):
        return False
    last, first = scaled[kept].min(), scaled[~kept].max()
    comes_in = ~kept & (scaled > last - near) & (noisy > noisy[token] - near)
    return bool(scaled[token] - first < near) or bool(comes_in.any())


def answer_key(seed: int, prompt: str, number: int) -> bytes:
    """16 bytes that name an answer: the ``number``th to ``prompt``."""
    return hashlib.blake2b(f"{seed}/{number}/{prompt}".encode(), digest_size=16).digest()


def _first(scores: Tensor, near: float) -> tuple[int, bool]:
    best = scores.topk(min(2, len(scores)))
    certain = len(best.values) < 2 or bool(best.values[0] - best.values[1] > near)
    return int(best.indices[0]), certain
