"""Tokens: rows of ids, made once, for an encoder that is itself trained."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iirl_core.tuning import Texts
from jobs.train.row_files import Piece, RowFiles, tensor
from jobs.train.rows import LENGTH, MARGIN, STRENGTH, schema_of


def schema(*, pairs: bool = False, lengths: bool = False, strengths: bool = False) -> pa.Schema:
    """Of tokens; otherwise as ``schema_of``."""
    return schema_of(pa.field("ids", pa.list_(pa.int32())), pairs=pairs, lengths=lengths, strengths=strengths)


class Ragged(Piece, Protocol):
    """Rows of different lengths."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """``[N]``: the tokens of each."""
        ...


Rows = TypeVar("Rows", bound=Ragged)


class TokenFiles(RowFiles[Rows], Generic[Rows]):
    """One part of a run's rows of tokens."""

    def lengths(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many tokens the rows at ``positions`` have."""
        found = np.empty(len(positions), np.int64)
        for file, mine, local in self._spread(positions):
            found[mine] = file.lengths[local]
        return found


def ids_of(table: pa.Table) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The column ``ids`` of N rows: all of them, one row after the other, and ``lengths [N]``."""
    ids = table["ids"].combine_chunks()
    return ids.flatten().to_numpy(zero_copy_only=False).copy(), np.diff(ids.offsets.to_numpy()).astype(np.int64)


class Tokens(TokenFiles[Texts]):
    """One part of a run's tokens."""

    def count(self) -> int:
        """Tokens of all rows."""
        return sum(int(file.lengths.sum()) for file in self.every())

    def _decoded(self, table: pa.Table) -> Texts:
        ids, lengths = ids_of(table)
        return Texts(
            ids=ids,
            lengths=lengths,
            expert=tensor(table["expert"]),
            weight=tensor(table["weight"]),
            row=tensor(table["row"]),
            margin=tensor(table[MARGIN]) if MARGIN in table.column_names else None,
            length=tensor(table[LENGTH]) if LENGTH in table.column_names else None,
            strength=tensor(table[STRENGTH]) if STRENGTH in table.column_names else None,
        )
