"""The turns of the wheel, drawn."""

from __future__ import annotations

import re
from dataclasses import replace

from iirl_core.report.round_chart import round_chart
from tests.iirl_core.report.samples import rounds


def words(svg: str) -> list[str]:
    return re.findall(r">([^<>\s][^<>]*)</text>", svg)


def test_a_dozen_repairs_beside_thousands_of_flaws_are_told_by_number() -> None:
    one, two = rounds(2)
    drawn = words(round_chart([replace(one, hard_flaws=3125, repairs_added=13), two]))
    assert "3125" in drawn
    assert "13" in drawn


def test_many_rounds_are_drawn_without_a_number_on_each_bar() -> None:
    many = [replace(row, hard_flaws=977, repairs_added=733) for row in rounds(20)]
    drawn = words(round_chart(many))
    assert "977" not in drawn
    assert "733" not in drawn
