"""Features: rows of z, encoded once by a frozen encoder."""

from __future__ import annotations

import pyarrow as pa
import torch

from iirl_core.expertness import Batch
from jobs.train.row_files import RowFiles, tensor
from jobs.train.rows import LENGTH, MARGIN, STRENGTH, schema_of


def schema(width: int, *, pairs: bool = False, lengths: bool = False, strengths: bool = False) -> pa.Schema:
    """Of features with rows of ``width`` dimensions; otherwise as ``schema_of``."""
    return schema_of(pa.field("z", pa.list_(pa.float32(), width)), pairs=pairs, lengths=lengths, strengths=strengths)


class Features(RowFiles[Batch]):
    """One part of a run's features."""

    def head(self, rows: int, expert: float | None = None, *, weighed: bool = False) -> torch.Tensor:
        """``z`` of the first ``rows`` rows (of one class; ``weighed``: of a weight above 0): a fair sample, because the
        order is a hash's.
        """
        found: list[torch.Tensor] = []
        for batch in self.every():
            asked = batch.weight > 0 if weighed else torch.ones_like(batch.weight, dtype=torch.bool)
            z = batch.z[asked if expert is None else asked & (batch.expert == expert)]
            found.append(z[: rows - sum(len(part) for part in found)])
            if sum(len(part) for part in found) >= rows:
                break
        return torch.cat(found) if found else torch.zeros(0, 0)

    def _decoded(self, table: pa.Table) -> Batch:
        z = table["z"].combine_chunks()
        return Batch(
            z=torch.from_numpy(z.flatten().to_numpy(zero_copy_only=False).reshape(-1, z.type.list_size).copy()),
            expert=tensor(table["expert"]),
            weight=tensor(table["weight"]),
            row=tensor(table["row"]),
            margin=tensor(table[MARGIN]) if MARGIN in table.column_names else None,
            length=tensor(table[LENGTH]) if LENGTH in table.column_names else None,
            strength=tensor(table[STRENGTH]) if STRENGTH in table.column_names else None,
        )
