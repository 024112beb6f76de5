"""Tokens of texts of different lengths, one after the other: ``ids [sum(lengths)]`` of ``lengths [N]`` ≥ 1."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def picked_ids(ids: NDArray[np.int32], lengths: NDArray[np.int64], index: NDArray[np.int64]) -> NDArray[np.int32]:
    """Those of the texts at ``index``, in that order."""
    ends, chosen = np.cumsum(lengths), lengths[index]
    # Where each picked text starts, repeated for each of its tokens, plus the token's place in it.
    first = np.repeat((ends - lengths)[index] - (np.cumsum(chosen) - chosen), chosen)
    found: NDArray[np.int32] = ids[first + np.arange(chosen.sum())]
    return found


def padded(ids: NDArray[np.int32], lengths: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """``ids`` and ``mask [N, T]`` int64 (1 where a token is real), padded on the right to the longest text of these.

    What stands behind a text is id 0: the mask hides it.
    """
    mask = np.arange(lengths.max()) < lengths[:, None]
    wide = np.zeros(mask.shape, np.int64)
    wide[mask] = ids
    return torch.from_numpy(wide), torch.from_numpy(mask.astype(np.int64))
