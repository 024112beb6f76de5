"""Turns: what imitation learns from, made once on Ray Data: a conversation's tokens, and where its answer begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from iirl_core.demonstration import Conversation
from iirl_core.errors import InputError
from iirl_core.tuning.ragged import padded, picked_ids
from jobs.train.dealing import Choice, Parts, tasks_of
from jobs.train.encoding import BATCH, received
from jobs.train.row_files import tensor
from jobs.train.rows import schema_of
from jobs.train.tokens import TokenFiles, ids_of

if TYPE_CHECKING:
    import ray
    from ray import ObjectRef

    from iirl_core.encoder.rendering import Rendering

START = "start"
SPLITS = Choice(("train", "guard"))
"""What is learnt from, and what perplexity is measured on."""


@dataclass(frozen=True, eq=False)
class TurnBatch:
    """N turns: ``lengths [N]`` ≥ 1, ``ids [sum(lengths)]`` int32, one turn after the other; ``starts [N]``, the place
    of each answer's first token; ``weight [N]``.
    """

    ids: NDArray[np.int32]
    lengths: NDArray[np.int64]
    starts: NDArray[np.int64]
    weight: Tensor

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def answers(self) -> int:
        """Answer tokens that are learnt."""
        return int(np.maximum(self.lengths - np.maximum(self.starts, 1), 0).sum())

    def pick(self, index: NDArray[np.int64]) -> TurnBatch:
        """Those at ``index``, in that order."""
        ids = picked_ids(self.ids, self.lengths, index)
        return TurnBatch(ids, self.lengths[index], self.starts[index], self.weight[torch.from_numpy(index)])

    @classmethod
    def joined(cls, pieces: Sequence[TurnBatch]) -> TurnBatch:
        """One after the other."""
        return cls(
            np.concatenate([piece.ids for piece in pieces]),
            np.concatenate([piece.lengths for piece in pieces]),
            np.concatenate([piece.starts for piece in pieces]),
            torch.cat([piece.weight for piece in pieces]),
        )

    def tensors(self) -> dict[str, Tensor | None]:
        """What ``Imitation.forward`` takes: ``ids`` and ``mask`` ``[N, T]`` (``padded``), ``starts`` and ``weight``
        ``[N]``.
        """
        ids, mask = padded(self.ids, self.lengths)
        return {
            "ids": ids,
            "mask": mask,
            "starts": torch.from_numpy(self.starts),
            "weight": self.weight,
        }


class Turns(TokenFiles[TurnBatch]):
    """One part of a run's turns."""

    def _decoded(self, table: pa.Table) -> TurnBatch:
        ids, lengths = ids_of(table)
        return TurnBatch(
            ids=ids,
            lengths=lengths,
            starts=table[START].to_numpy().astype(np.int64),
            weight=tensor(table["weight"]),
        )


def schema() -> pa.Schema:
    """Of turns."""
    return schema_of(pa.field("ids", pa.list_(pa.int32()))).append(pa.field(START, pa.int32()))


@dataclass(frozen=True)
class TurnStage:
    """Records of demonstrations → turns, in tasks: a tokenizer is light."""

    held: tuple[ObjectRef[Rendering]]

    def of(self, records: ray.data.Dataset) -> ray.data.Dataset:
        """As a stage of Ray Data."""
        return records.map_batches(
            _turn, fn_args=(self.held,), batch_format="pyarrow", batch_size=BATCH, zero_copy_batch=True
        )


def _turn(table: pa.Table, held: tuple[ObjectRef[Rendering]]) -> pa.Table:
    (rendering,) = received(held)
    return turns_of(table, rendering)


def turns_of(table: pa.Table, rendering: Rendering) -> pa.Table:
    """Records with a column ``role`` → turns of the splits that imitation reads."""
    tasks = tasks_of(table, Parts(learns_negatives=False, guard_negatives=False), (), SPLITS)
    made = []
    for task in tasks:
        if not isinstance(task.input, Conversation):
            raise InputError("a trajectory, given to a language model", "messages")
        made.append(rendering.answered(task.input))
    return pa.Table.from_pydict(
        {
            "row": pa.array([int(task.rows(1)[0]) for task in tasks], pa.int64()),
            "part": pa.array([task.part for task in tasks], pa.string()),
            "expert": pa.array([task.expert for task in tasks], pa.float32()),
            "weight": pa.array([task.one.weight for task in tasks], pa.float32()),
            "ids": pa.array([one.ids for one in made], pa.list_(pa.int32())),
            START: pa.array([one.start for one in made], pa.int32()),
        },
        schema=schema(),
    )
