from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from iirl_core.errors import ConfigError
from iirl_core.norm import Norm, NormKind, Region
from iirl_core.norm.contradiction import check_contradictions
from iirl_core.norm.matcher import Keyword, Regex


def norm(kind: NormKind, threshold: float, families: tuple[str, ...] = ("careless", "empty")) -> Norm:
    return Norm(f"a-{kind}", kind, False, 3, threshold, 0.05, families, "why", "me")


FLOOR, CEILING = norm(NormKind.FLOOR, 0.6), norm(NormKind.CEILING, 0.5)
DROP, SAME = norm(NormKind.DIRECTION, -0.3), norm(NormKind.INVARIANCE, 0.2)
RISE = replace(norm(NormKind.DIRECTION, 0.3), id="a-rise", raises=True)
DOSE, NAME = Keyword(("dose",), "answer"), Regex("[A-Z]", "answer")


def near(x: float) -> Region:
    return Region(np.array([[x, 0.0]]), 0.5, np.array([-2.0, -2.0]), np.array([2.0, 2.0]))


def contradict(one: Norm, other: Norm) -> bool:
    said = []
    for pair in ((one, other), (other, one)):
        try:
            check_contradictions(pair)
        except ConfigError as error:
            said.append(str(error))
            assert one.id in said[-1]
            assert other.id in said[-1]
    assert len(said) in (0, 2)
    return bool(said)


def test_a_floor_above_a_ceiling_and_a_drop_beyond_an_invariance_are_refused() -> None:
    assert contradict(FLOOR, CEILING)
    assert contradict(DROP, SAME)
    assert contradict(RISE, SAME)
    assert contradict(RISE, DROP)
    assert contradict(RISE, replace(DROP, threshold=0.2))
    with pytest.raises(ConfigError, match=r"about careless: a floor of 0\.6 above a ceiling of 0\.5"):
        check_contradictions([DROP, CEILING, FLOOR])


def test_norms_that_a_reward_can_hold_to_are_let_through() -> None:
    assert not contradict(replace(FLOOR, threshold=0.5), CEILING)
    assert not contradict(replace(DROP, threshold=-0.2), SAME)
    assert not contradict(replace(RISE, threshold=0.2), SAME)
    assert not contradict(RISE, replace(DROP, threshold=0.4))
    assert not contradict(FLOOR, SAME)
    check_contradictions([replace(FLOOR, threshold=0.4), CEILING, SAME, replace(DROP, threshold=0.1)])


def test_norms_of_other_families_inputs_or_regions_do_not_contradict() -> None:
    assert not contradict(replace(FLOOR, families=("mismatch",)), CEILING)
    assert contradict(replace(FLOOR, families=("empty", "mismatch")), CEILING)
    assert not contradict(replace(FLOOR, matches=(DOSE,)), replace(CEILING, matches=(NAME,)))
    assert contradict(replace(FLOOR, matches=(DOSE,)), replace(CEILING, matches=(DOSE,)))
    assert not contradict(replace(FLOOR, region=near(0)), replace(CEILING, region=near(1)))
    assert contradict(replace(FLOOR, region=near(0)), replace(CEILING, region=near(0)))


def test_what_speaks_of_more_speaks_of_the_less() -> None:
    assert contradict(replace(FLOOR, matches=(DOSE,)), CEILING)
    assert contradict(FLOOR, replace(CEILING, matches=(DOSE, NAME)))
    assert contradict(replace(FLOOR, region=near(0)), CEILING)
