"""Which sizes of a mixture are tried."""

from __future__ import annotations

import pytest

from iirl_core.config.expertness import MixtureSection, OccupancySection
from iirl_core.config.sizes import check_size, is_open, sizes_of, with_size
from iirl_core.errors import ConfigError


@pytest.mark.parametrize(
    ("section", "width", "sizes"),
    [
        (MixtureSection(), 3, [(e, b) for e in (1, 2, 4) for b in (1, 2)]),
        (MixtureSection(experts=3), 9, [(3, 1), (3, 2), (3, 4), (3, 8)]),
        (MixtureSection(bottleneck=7), 3, [(1, 7), (2, 7), (4, 7)]),
        (MixtureSection(experts=3, bottleneck=7), 3, [(3, 7)]),
        (MixtureSection(), 1, [(1, 1), (2, 1), (4, 1)]),
    ],
)
def test_what_nobody_gave_is_tried_below_the_width_of_a_row(
    section: MixtureSection, width: int, sizes: list[tuple[int, int]]
) -> None:
    assert sizes_of(section, width) == sizes


def test_a_size_is_open_until_both_numbers_are_there() -> None:
    assert is_open(MixtureSection())
    assert is_open(MixtureSection(experts=2))
    assert not is_open(OccupancySection())
    filled = with_size(MixtureSection(experts=2), 4, 8)
    assert (filled.experts, filled.bottleneck) == (2, 8)
    assert not is_open(filled)


def test_a_bottleneck_as_wide_as_the_rows_is_refused() -> None:
    for bottleneck in (3, 400):
        with pytest.raises(ConfigError, match=f"bottleneck {bottleneck} lets all 3 numbers .* fewer than 3"):
            check_size(MixtureSection(bottleneck=bottleneck), 3)
    for section in (MixtureSection(bottleneck=2), MixtureSection(), OccupancySection()):
        check_size(section, 3)
    check_size(MixtureSection(bottleneck=1), 1)
