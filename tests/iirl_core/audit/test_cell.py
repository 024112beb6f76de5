from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from iirl_core.audit.cell import Cell, cell_document, cell_from, exact, summed
from iirl_core.errors import InputError


@pytest.mark.parametrize(("spoken", "broken"), [(10, 0), (10, 3), (10, 10), (1000, 1)])
def test_the_interval_of_a_flaw_rate_is_that_of_clopper_and_pearson(spoken: int, broken: int) -> None:
    exact = binomtest(broken, spoken).proportion_ci(0.95, method="exact")
    assert Cell("typos", 0, spoken, broken, 0).interval == pytest.approx((exact.low, exact.high))


def test_nothing_is_known_where_nothing_was_asked() -> None:
    assert Cell("typos", 0, 0, 0, 0).interval == (0.0, 1.0)


def test_more_broken_or_uncovered_than_spoken_is_refused() -> None:
    with pytest.raises(InputError, match="typos in situation 2"):
        Cell("typos", 2, 3, 4, 0)
    with pytest.raises(InputError, match="4 uncovered"):
        Cell("typos", 2, 3, 0, 4)
    with pytest.raises(InputError, match="disagreement 4 of 3"):
        Cell("typos", 2, 3, 0, 0, 4.0)


def test_cells_of_one_family_and_situation_are_added_in_any_order() -> None:
    cells = [Cell("b", 0, 5, 1, 2), Cell("a", 1, 3, 0, 1), Cell("b", 0, 7, 2, 0)]
    assert summed(cells) == summed(reversed(cells)) == (Cell("a", 1, 3, 0, 1), Cell("b", 0, 12, 3, 2))


def test_disagreement_is_the_mean_of_the_questions_and_the_order_of_adding_changes_no_bit_of_it() -> None:
    told = [exact(value) for value in np.random.default_rng(0).random(999)]
    cells = [Cell("a", 0, 1, 0, 0, one) for one in told]
    (forward,), (backward,) = summed(cells), summed(reversed(cells))
    pairs = summed([*summed(cells[:500]), *summed(cells[500:])])
    assert forward == backward == pairs[0]
    assert forward.mean_disagreement == pytest.approx(np.mean(told))
    assert Cell("a", 0, 0, 0, 0).mean_disagreement == 0.0
    with pytest.raises(InputError, match="disagreement"):
        Cell("a", 0, 1, 0, 0, -0.5)


def test_a_cell_survives_its_document_and_one_from_before_disagreement_was_counted_is_read() -> None:
    cell = Cell("a", 1, 3, 0, 1, 0.75)
    assert cell_from(cell_document(cell)) == cell
    assert cell_from(["a", 1, 3, 0, 1]) == replace(cell, disagreement=0.0)
