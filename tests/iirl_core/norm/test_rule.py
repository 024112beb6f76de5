from __future__ import annotations

from dataclasses import replace

import pytest

from iirl_core.norm import NormKind, Observed, rule_of
from iirl_core.norm.matcher import Keyword, Source
from tests.iirl_core.norm.test_judge import LINE, norm


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (NormKind.CEILING, "reward ≤ 0.05"),
        (NormKind.FLOOR, "reward ≥ 0.05"),
        (NormKind.DIRECTION, "edited − original ≤ 0.05"),
        (NormKind.INVARIANCE, "|edited − original| ≤ 0.05"),
        (NormKind.AGREEMENT, "chosen − rejected ≥ 0.05"),
    ],
)
def test_a_rule_says_what_is_compared_with_its_threshold(kind: NormKind, told: str) -> None:
    assert rule_of(norm(kind, 0.05)) == told


def test_a_direction_that_raises_is_told_the_other_way_round() -> None:
    assert rule_of(replace(norm(NormKind.DIRECTION, 0.05), raises=True)) == "edited − original ≥ 0.05"


def test_a_rule_says_of_what_it_speaks() -> None:
    assert rule_of(norm(NormKind.CEILING, 0.1, LINE)) == "reward ≤ 0.1 farther than 0.5 from the geometry"
    outside = replace(norm(NormKind.FLOOR, 0.1), region=Observed("bounds", 0.1))
    assert rule_of(outside) == "reward ≥ 0.1 outside the bounds of the demonstrations (margin 0.1)"
    said = replace(norm(NormKind.CEILING, 0.1), matches=(Keyword(("dose",), "answer"), Source(("desk",))))
    assert rule_of(said) == "reward ≤ 0.1 where the answer says dose and where the source is desk"
