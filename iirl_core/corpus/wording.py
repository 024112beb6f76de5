"""Texts as words, and runs of words as numbers: by these near-duplicates and evaluation prompts are recognised."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_ALONE = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
"""Thai, Japanese, Chinese: written without spaces, so each character counts as a word."""
_WORD = re.compile(f"[{_ALONE}]|[^\\W_{_ALONE}]+")
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def words_of(text: str) -> list[str]:
    """Runs of letters and digits in lower case: what is left where layout, punctuation and case are ignored."""
    return _WORD.findall(text.lower())


def run_hashes(words: Sequence[str], length: int) -> NDArray[np.uint64]:
    """``[max(0, W − length + 1)]``: a 64-bit number for each run of ``length`` of the W words, the same everywhere."""
    runs = len(words) - length + 1
    if runs < 1:
        return np.empty(0, np.uint64)
    numbers = np.fromiter((zlib.crc32(word.encode()) for word in words), np.uint64, len(words))
    state = np.zeros(runs, np.uint64)
    for start in range(length):
        state = (state ^ numbers[start : start + runs]) * _MULTIPLIER
        state ^= state >> np.uint64(29)
    return state
