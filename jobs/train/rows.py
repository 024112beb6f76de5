"""Rows that training and calibration read by position: made once, in Parquet, in the order of a hash.

Columns ``row`` (int64, the row's stable number), ``part``, ``expert`` (1 demonstration, 0 negative), ``weight``, and
what was made of the record: ``z`` (``features``) or ``ids`` (``tokens``). A row's number is a hash of its record and
step, and files are sorted by it: any run of rows is a fair sample of the corpus, the same in every run, whoever made it
and in whatever order.

    part       holds
    train      what the loss sees
    held_out   the rest of the train split, by prompt: what training is judged on while it lasts
    guard      held-out demonstrations: calibration of map and support
    contrast   negatives that the loss does not see: the map's other anchor

Where training debiases length there is also ``length``, the logarithm of one more than the answer's tokens; where β is
a function of the row, ``strength``, what it is there. Where a family learns from comparisons there is also ``margin``,
and the two sides of a comparison in those two have numbers that differ in the last bit alone: an even one is the
rejected side's, the next is the chosen's. So they lie side by side, at positions 2i and 2i + 1.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Part = Literal["train", "held_out", "guard", "contrast"]
PARTS: tuple[Part, ...] = ("train", "held_out", "guard", "contrast")
PAIRS = "Ingest the chosen and the rejected sides from the same files, and each file in one pair of corpora"
MARGIN = "margin"
LENGTH = "length"
STRENGTH = "strength"


def schema_of(made: pa.Field, *, pairs: bool = False, lengths: bool = False, strengths: bool = False) -> pa.Schema:
    """Of rows with the column ``made``; with a margin where training reads ``pairs``, and with ``lengths`` how long
    the answers are, with ``strengths`` what β is.
    """
    return pa.schema(
        [
            ("row", pa.int64()),
            ("part", pa.string()),
            ("expert", pa.float32()),
            ("weight", pa.float32()),
            made,
            *([(MARGIN, pa.float32())] if pairs else []),
            *([(LENGTH, pa.float32())] if lengths else []),
            *([(STRENGTH, pa.float32())] if strengths else []),
        ]
    )


def pair_number(comparison: bytes, expert: float) -> NDArray[np.int64]:
    """``[1]``: the number of one side of a comparison with this 8-byte digest."""
    return row_numbers(comparison, 1) & ~1 | int(expert)


def row_numbers(record: bytes, steps: int) -> NDArray[np.int64]:
    """``[steps]`` in [0, 2⁶³): hashes of a record's 8-byte digest and each of its steps (SplitMix64)."""
    state = np.frombuffer(record[:8], dtype="<u8")[0] + np.arange(steps, dtype=np.uint64) * np.uint64(
        0x9E3779B97F4A7C15
    )
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    numbers: NDArray[np.int64] = ((state ^ (state >> np.uint64(31))) >> np.uint64(1)).astype(np.int64)
    return numbers
