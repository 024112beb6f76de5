"""A mixture is as large as the rows ask for: as wide as they vary, and of several parts where they are of several."""

from __future__ import annotations

import pytest
import torch

from iirl_core.config.expertness import MixtureSection
from iirl_core.errors import ConfigError
from iirl_core.expertness import build_expertness
from iirl_core.expertness.sizing import SizeTrial, finite, smallest_good, try_sizes

WIDTH = 9


def standardised(z: torch.Tensor) -> torch.Tensor:
    return (z - z.mean(dim=0)) / z.std(dim=0)


def plane(dimensions: int, seed: int = 1) -> torch.Tensor:
    """Rows that vary along a few directions of nine, in noise."""
    generator = torch.Generator().manual_seed(seed)
    directions = torch.linalg.qr(torch.randn(WIDTH, dimensions, generator=generator)).Q.T
    rows = torch.randn(1000, dimensions, generator=generator) @ directions
    return standardised(rows + 0.08 * torch.randn(1000, WIDTH, generator=generator))


def lines(count: int, seed: int = 1) -> torch.Tensor:
    """Rows on lines that lie far apart and go different ways."""
    generator = torch.Generator().manual_seed(seed)
    places, ways = (torch.randn(count, WIDTH, generator=generator) for _ in range(2))
    which = torch.randint(count, (1000,), generator=generator)
    along = torch.rand(1000, 1, generator=generator) * 2 - 1
    rows = 3 * places[which] + 3 * along * ways[which]
    return standardised(rows + 0.1 * torch.randn(1000, WIDTH, generator=generator))


def test_the_smallest_within_one_standard_error_of_the_best_is_taken() -> None:
    trials = [
        SizeTrial(1, 1, 10, 0.40, 0.001),
        SizeTrial(1, 2, 20, 0.23, 0.001),
        SizeTrial(2, 1, 30, 0.21, 0.001),
        SizeTrial(2, 2, 40, 0.20, 0.02),
    ]
    assert smallest_good(trials) == trials[2]
    assert smallest_good(trials[::-1]) == trials[2]
    assert smallest_good(trials[:2]) == trials[1]


@pytest.mark.parametrize("dimensions", [2, 4])
def test_the_bottleneck_is_as_wide_as_the_rows_vary(dimensions: int) -> None:
    trials = try_sizes(MixtureSection(experts=1, hidden=32), plane(dimensions), None, seed=0)
    assert [trial.bottleneck for trial in trials] == [1, 2, 4, 8]
    assert smallest_good(trials).bottleneck == dimensions


@pytest.mark.parametrize(("count", "experts"), [(1, {1}), (4, {2, 4})])
def test_rows_of_several_kinds_get_several_experts(count: int, experts: set[int]) -> None:
    trials = try_sizes(MixtureSection(bottleneck=1, hidden=8), lines(count), None, seed=0)
    assert smallest_good(trials).experts in experts


def test_rows_that_are_held_out_already_are_the_ones_asked_about() -> None:
    z = plane(1)
    section = MixtureSection(experts=1, bottleneck=1, hidden=8)
    (own,) = try_sizes(section, z[:800], z[800:], seed=0)
    assert own == try_sizes(section, z, None, seed=0)[0]
    (elsewhere,) = try_sizes(section, z[:800], z[800:] * torch.tensor([-1.0] + [1.0] * (WIDTH - 1)), seed=0)
    assert elsewhere.error > 2 * own.error


def test_a_trial_counts_the_parameters_of_one_member_and_leaves_the_random_state_alone() -> None:
    section = MixtureSection(experts=2, bottleneck=2, hidden=8)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    (trial,) = try_sizes(section, plane(1)[:50], None, seed=0)
    assert torch.equal(torch.rand(3), expected)
    assert trial.parameters == sum(one.numel() for one in build_expertness(section, WIDTH).parameters())


@pytest.mark.parametrize(
    ("rows", "held_out", "reason"),
    [
        (1, None, "0 rows to fit and 1 held out"),
        (0, None, "0 rows to fit and 0 held out"),
        (0, 5, "0 rows to fit and 5 held out"),
        (5, 0, "5 rows to fit and 0 held out"),
    ],
)
def test_nothing_can_be_chosen_without_rows_to_fit_and_others_to_ask_about(
    rows: int, held_out: int | None, reason: str
) -> None:
    z = plane(1)
    with pytest.raises(
        ConfigError, match=f"{reason} to choose the size of a mixture by; expected at least one of each"
    ):
        try_sizes(MixtureSection(), z[:rows], None if held_out is None else z[:held_out], seed=0)


def test_a_size_whose_error_is_no_number_is_not_chosen() -> None:
    good, other = SizeTrial(1, 2, 20, 0.2, 0.01), SizeTrial(2, 1, 30, 0.3, 0.01)
    lost = [SizeTrial(1, 1, 10, float("nan"), float("nan")), SizeTrial(2, 2, 40, float("inf"), 0.0)]
    assert finite([lost[0], good, other, lost[1]]) == [good, other]
    with pytest.raises(ConfigError, match="of 2 sizes of a mixture none has a held-out error that is a finite number"):
        finite(lost)


def test_rows_of_which_no_size_makes_a_number_are_said_so() -> None:
    z = plane(1)[:20]
    z[3] = float("inf")
    with pytest.raises(ConfigError, match=r"give expertness\.experts and expertness\.bottleneck"):
        try_sizes(MixtureSection(experts=1, bottleneck=1, hidden=4), z, None, seed=0)


def test_a_mixture_whose_size_is_open_is_not_built() -> None:
    with pytest.raises(ConfigError, match="whose size was not chosen"):
        build_expertness(MixtureSection(experts=2), WIDTH)
