"""A table of rows: what was made of records, beside what training needs to know of each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iirl_core.config.expertness import Beta
from iirl_core.demonstration import conversation_of
from iirl_core.expertness import strengths
from jobs.train.dealing import Task
from jobs.train.rows import LENGTH, MARGIN, STRENGTH

if TYPE_CHECKING:
    from iirl_core.encoder.rendering import Rendering


def table_of(
    tasks: Sequence[Task],
    lengths: Sequence[int],
    made: pa.Array,
    columns: pa.Schema,
    *,
    answers: NDArray[np.float64] | None = None,
    beta: Beta | None = None,
) -> pa.Table:
    """The rows of ``tasks``, ``lengths`` of them each; ``made`` is the column that is named neither here nor there;
    ``answers`` are how long they are, ``beta`` is with how much they are learnt.
    """
    counts = np.asarray(lengths, np.int64)
    numbers = [task.rows(n) for task, n in zip(tasks, lengths, strict=True)]
    known = {
        "row": pa.array(np.concatenate(numbers) if numbers else np.zeros(0, np.int64)),
        "part": pa.array(np.repeat(np.array([task.part for task in tasks], object), counts), pa.string()),
        "expert": pa.array(np.repeat([task.expert for task in tasks], counts), pa.float32()),
        "weight": pa.array(np.repeat([task.one.weight for task in tasks], counts), pa.float32()),
        MARGIN: pa.array(np.repeat([task.one.preference_margin or 0.0 for task in tasks], counts), pa.float32()),
    }
    if answers is not None:
        known[LENGTH] = pa.array(np.repeat(answers, counts), pa.float32())
    if beta is not None:
        found = [strengths(beta, task.one.source, n) for task, n in zip(tasks, lengths, strict=True)]
        known[STRENGTH] = pa.array(np.concatenate(found) if found else np.zeros(0), pa.float32())
    return pa.Table.from_pydict({name: known.get(name, made) for name in columns.names}, schema=columns)


def answer_lengths(tasks: Sequence[Task], rendering: Rendering) -> NDArray[np.float64]:
    """``[len(tasks)]``: the logarithm of one more than the tokens of each answer."""
    return np.log1p([float(rendering.answer_tokens(conversation_of(task.input))) for task in tasks])
