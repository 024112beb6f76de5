"""Demonstrations ↔ Arrow: the columns of a corpus shard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iirl_core.demonstration import Conversation, Demonstration, Message, Trajectory
from iirl_core.errors import InputError

Kind = Literal["conversation", "trajectory"]
_HEAD = [("id", pa.string()), ("source", pa.string()), ("split", pa.string()), ("weight", pa.float64())]
_MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])
_PAIR = [("comparison", pa.string()), ("preference_margin", pa.float64())]
_MATRIX = pa.list_(pa.list_(pa.float32()))
SCHEMAS: dict[Kind, pa.Schema] = {
    "conversation": pa.schema([*_HEAD, ("messages", pa.list_(_MESSAGE)), ("tokens", pa.int32()), *_PAIR]),
    "trajectory": pa.schema([*_HEAD, ("observations", _MATRIX), ("actions", _MATRIX), ("terminal", pa.bool_())]),
}
"""``tokens``: of the contents under the encoder's tokenizer, without template and special tokens; null if not counted.
``comparison`` and ``preference_margin`` are of the comparison whose side a row is; null in all but corpora of pairs.
``actions`` is null for a trajectory without; ``observations`` is ``[T][obs]``."""
GROUP_ROWS: dict[Kind, int] = {"conversation": 4096, "trajectory": 256}
"""Rows of a Parquet row group: what a reader holds at a time."""


def table_of(demonstrations: Sequence[Demonstration], kind: Kind, tokens: Sequence[int] | None = None) -> pa.Table:
    """The demonstrations as rows of ``SCHEMAS[kind]``.

    Raises:
        InputError: one is of the other kind.
    """
    head = [
        pa.array([each.id for each in demonstrations], pa.string()),
        pa.array([each.source for each in demonstrations], pa.string()),
        pa.array([each.split for each in demonstrations], pa.string()),
        pa.array([each.weight for each in demonstrations], pa.float64()),
    ]
    if kind == "conversation":
        counts = pa.nulls(len(demonstrations), pa.int32()) if tokens is None else pa.array(tokens, pa.int32())
        body = [
            _messages([_conversation(each) for each in demonstrations]),
            counts,
            pa.array([each.comparison for each in demonstrations], pa.string()),
            pa.array([each.preference_margin for each in demonstrations], pa.float64()),
        ]
    else:
        trajectories = [_trajectory(each) for each in demonstrations]
        body = [
            _matrices([each.observations for each in trajectories]),
            _matrices([each.actions for each in trajectories]),
            pa.array([each.terminal for each in trajectories], pa.bool_()),
        ]
    return pa.Table.from_arrays([*head, *body], schema=SCHEMAS[kind])


def demonstrations_of(table: pa.Table | pa.RecordBatch) -> Iterator[Demonstration]:
    """The inverse of ``table_of``.

    Raises:
        InputError: a row does not hold what its columns promise.
    """
    head = [table.column(name).to_pylist() for name in ("id", "source", "split", "weight")]
    inputs = _conversations(table) if "messages" in table.schema.names else _trajectories(table)
    pair = [_or_null(table, name) for name, _ in _PAIR]
    for identity, source, split, weight, item, *told in zip(*head, inputs, *pair, strict=True):
        yield Demonstration(identity, item, source, split, weight, *told)


def _or_null(table: pa.Table | pa.RecordBatch, name: str) -> list[str] | list[float] | list[None]:
    """Trajectories have no such column, nor have corpora from before there were pairs."""
    if name not in table.schema.names:
        return [None] * table.num_rows
    values: list[str] | list[float] = table.column(name).to_pylist()
    return values


def _conversation(demonstration: Demonstration) -> Conversation:
    if not isinstance(demonstration.input, Conversation):
        raise InputError("a trajectory among conversations", "one kind in a corpus")
    return demonstration.input


def _trajectory(demonstration: Demonstration) -> Trajectory:
    if not isinstance(demonstration.input, Trajectory):
        raise InputError("a conversation among trajectories", "one kind in a corpus")
    return demonstration.input


def _messages(conversations: Sequence[Conversation]) -> pa.Array:
    flat = [message for each in conversations for message in each.messages]
    offsets = np.cumsum([0, *(len(each.messages) for each in conversations)], dtype=np.int32)
    struct = pa.StructArray.from_arrays(
        [
            pa.array([message.role for message in flat], pa.string()),
            pa.array([message.content for message in flat], pa.string()),
        ],
        fields=list(_MESSAGE),
    )
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), struct)


def _matrices(arrays: Sequence[NDArray[np.float32] | None]) -> pa.Array:
    """``[rows][T][dimension]``, without a Python object per number."""
    present = [array for array in arrays if array is not None]
    inner = np.cumsum([0, *np.repeat([a.shape[1] for a in present], [a.shape[0] for a in present])], dtype=np.int64)
    if inner[-1] > np.iinfo(np.int32).max:
        raise InputError(f"{inner[-1]} numbers in one table", "fewer than 2³¹", "Cut trajectories with segment")
    numbers = np.concatenate([array.ravel() for array in present]) if present else np.empty(0, np.float32)
    rows = pa.ListArray.from_arrays(pa.array(inner.astype(np.int32)), pa.array(numbers, pa.float32()))
    outer = np.cumsum([0, *(0 if array is None else len(array) for array in arrays)], dtype=np.int32)
    absent = pa.array(np.array([array is None for array in arrays], dtype=bool))
    return pa.ListArray.from_arrays(pa.array(outer), rows, mask=absent)


def _conversations(table: pa.Table) -> Iterator[Conversation]:
    for messages in table.column("messages").to_pylist():
        yield Conversation(tuple(Message(message["role"], message["content"]) for message in messages))


def _trajectories(table: pa.Table) -> Iterator[Trajectory]:
    columns = [table.column(name) for name in ("observations", "actions", "terminal")]
    for observations, actions, terminal in zip(*columns, strict=True):
        yield Trajectory(
            _array(observations.values),
            None if not actions.is_valid else _array(actions.values),
            bool(terminal.as_py()),
        )


def _array(rows: pa.ListArray) -> NDArray[np.float32]:
    numbers = rows.flatten().to_numpy(zero_copy_only=False)
    if len(rows) == 0 or numbers.size % len(rows):
        raise InputError("a stored trajectory is not rectangular", "[T][dimension]")
    return np.asarray(numbers.reshape(len(rows), -1), dtype=np.float32)
