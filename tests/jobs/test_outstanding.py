"""Who is asked next."""

from __future__ import annotations

import pytest

from jobs.outstanding import whom


@pytest.mark.parametrize(
    ("load", "there", "lost_with", "last", "next_one"),
    [
        ([0, 0, 0], (0, 1, 2), (), 1, 1),  # who answered last
        ([1, 1, 0], (0, 1, 2), (), 1, 2),  # who has least to do
        ([0, 1, 0], (0, 1, 2), (), 1, 2),  # the first after who answered last
        ([0, 1, 1], (1, 2), (), 1, 1),  # nobody who is away
        ([0, 2, 0], (0, 1, 2), (0, 2), 0, 1),  # nobody with whom it was lost, however idle
        ([0, 2, 0], (0, 2), (0, 2), 0, 0),  # unless nobody else is there
        ([0, 0], (1,), (1,), 0, 1),  # rather than somebody who is away
        ([0, 0], (), (), 0, None),  # and where all are away, nobody
    ],
)
def test_the_next_question_goes_to_one_that_is_there_with_the_fewest(
    load: list[int], there: tuple[int, ...], lost_with: tuple[int, ...], last: int, next_one: int | None
) -> None:
    assert whom(load, there, lost_with, last) == next_one
