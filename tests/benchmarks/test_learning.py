from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks.learning import batches, fit, signals


@pytest.mark.parametrize("paired", [False, True])
def test_the_plain_loop_learns_which_rows_are_good(paired: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    good, bad = (torch.randn(100, 8, generator=generator) + shift * torch.arange(8) for shift in (0.2, -0.2))
    model = fit(good, bad, seed=0, paired=paired)
    assert (signals(model, good) > signals(model, bad)).mean() > 0.9
    assert np.array_equal(signals(model, good), signals(fit(good, bad, seed=0, paired=paired), good))


def test_the_sides_of_a_comparison_stay_together_with_numbers_that_differ_in_the_last_bit() -> None:
    rows, numbers = (torch.cat(each) for each in zip(*batches(50, 50, paired=True), strict=True))
    assert sorted(rows.tolist()) == list(range(100))
    assert (rows[1::2] - rows[0::2] == 50).all()
    assert (numbers[0::2] ^ numbers[1::2] == 1).all()
