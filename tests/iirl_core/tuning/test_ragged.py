from __future__ import annotations

import numpy as np
import pytest

from iirl_core.tuning.ragged import padded, picked_ids

IDS, LENGTHS = np.array([1, 2, 3, 4, 5, 6], np.int32), np.array([1, 3, 2])


@pytest.mark.parametrize(
    ("index", "ids"), [([2, 0], [5, 6, 1]), ([1, 1], [2, 3, 4, 2, 3, 4]), ([0, 1, 2], [1, 2, 3, 4, 5, 6]), ([], [])]
)
def test_whole_texts_are_picked_in_the_order_that_is_asked_for(index: list[int], ids: list[int]) -> None:
    assert picked_ids(IDS, LENGTHS, np.array(index, np.int64)).tolist() == ids


def test_texts_are_padded_on_the_right_and_the_mask_says_where() -> None:
    ids, mask = padded(IDS, LENGTHS)
    assert ids.tolist() == [[1, 0, 0], [2, 3, 4], [5, 6, 0]]
    assert mask.tolist() == [[1, 0, 0], [1, 1, 1], [1, 1, 0]]
