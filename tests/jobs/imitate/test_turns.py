from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import torch

from iirl_core.corpus import table_of
from iirl_core.demonstration import conversation
from iirl_core.encoder.rendering import PLAIN_TEMPLATE, Rendering
from iirl_core.errors import InputError
from jobs.imitate.turns import TurnBatch, turns_of
from tests.iirl_core.encoder.tiny import tokenizer_of
from tests.jobs.train.made import demonstration, walks


def _rendering() -> Rendering:
    return Rendering(tokenizer_of("llama"), PLAIN_TEMPLATE, 64)


def _records(items: list[object], *splits: str) -> pa.Table:
    made = [demonstration(item, split) for item, split in zip(items, splits, strict=True)]  # type: ignore[arg-type]
    kind = "conversation" if hasattr(items[0], "messages") else "trajectory"
    return table_of(made, kind).append_column("role", pa.array(["demonstrations"] * len(made)))


def test_a_conversation_of_train_or_guard_becomes_its_tokens_and_where_its_answer_begins() -> None:
    items = [conversation("a", "b"), conversation("cc", "dd"), conversation("e", "f")]
    table = turns_of(_records(items, "train", "guard", "unseen"), _rendering())
    answered = [_rendering().answered(item) for item in items[:2]]
    assert table["part"].to_pylist() == ["train", "guard"]
    assert table["ids"].to_pylist() == [list(one.ids) for one in answered]
    assert table["start"].to_pylist() == [one.start for one in answered]
    assert len(set(table["row"].to_pylist())) == 2


def test_a_trajectory_is_nothing_to_imitate() -> None:
    with pytest.raises(InputError, match="a language model"):
        turns_of(_records(list(walks(1, 0.1, seed=0)), "train"), _rendering())


def test_a_batch_picks_joins_and_pads_whole_turns() -> None:
    batch = TurnBatch(
        np.array([1, 2, 3, 4, 5, 6], np.int32), np.array([1, 3, 2]), np.array([0, 1, 1]), torch.tensor([1.0, 2.0, 3.0])
    )
    picked = TurnBatch.joined([batch.pick(np.array([2, 1])), batch.pick(np.array([0]))])
    found = {name: one.tolist() for name, one in picked.tensors().items() if one is not None}
    assert found == {
        "ids": [[5, 6, 0], [2, 3, 4], [1, 0, 0]],
        "mask": [[1, 1, 0], [1, 1, 1], [1, 0, 0]],
        "starts": [1, 1, 0],
        "weight": [3.0, 2.0, 1.0],
    }
    assert picked.answers == 1 + 2 + 0  # a first token has nothing before it
