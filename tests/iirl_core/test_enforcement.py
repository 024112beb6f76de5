from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iirl_core.config.governance import ThresholdsSection
from iirl_core.enforcement import Enforced, Thresholds, enforce
from iirl_core.errors import ArtifactError
from iirl_core.reading import Action, Evidence, Reading

THRESHOLDS = Thresholds(0.2, 0.9, 0.8, "floor", "lower-bound", 1.0)


def reading(reward: float, uncertainty: float = 0.1) -> Reading:
    return Reading(0.0, reward, uncertainty, Evidence(reward, 0.0, 0.0, (), uncertainty, 0.0, (1.0,)))


def judge(reward: float, uncertainty: float = 0.1, coverage: float = 0.1, **changes: object) -> Enforced:
    return enforce(reading(reward, uncertainty), coverage, replace(THRESHOLDS, **changes), 0.5)  # type: ignore[arg-type]


def test_a_good_certain_audited_input_is_allowed_at_its_reward() -> None:
    assert judge(0.7) == (Action.ALLOW, 0.7, ())


def test_the_edges_are_below_the_floor_and_at_the_maxima() -> None:
    assert judge(0.2).action is Action.ALLOW
    assert judge(math.nextafter(0.2, 0)).action is Action.BLOCK
    assert judge(0.7, uncertainty=math.nextafter(0.9, 0)).action is Action.ALLOW
    assert judge(0.7, uncertainty=0.9).action is Action.ESCALATE
    assert judge(0.7, coverage=math.nextafter(0.8, 0)).action is Action.ALLOW
    assert judge(0.7, coverage=0.8).action is Action.ESCALATE


def test_a_low_reward_is_blocked_before_anything_else_is_asked() -> None:
    judged = judge(0.1, uncertainty=1.0, coverage=1.0)
    assert (judged.action, judged.delivered) == (Action.BLOCK, 0.0)
    assert len(judged.reasons) == 1
    assert judge(0.1, blocked="refuse").delivered is None


def test_a_high_reward_that_nobody_audited_is_escalated_and_pays_no_more_than_the_known_good() -> None:
    judged = judge(1.0, uncertainty=0.0, coverage=1.0)
    assert (judged.action, judged.delivered) == (Action.ESCALATE, 0.5)
    assert judged.reasons == ("coverage uncertainty 1 ≥ 0.8",)


def test_an_escalated_input_delivers_its_lower_bound_nothing_or_a_refusal() -> None:
    assert judge(0.8, uncertainty=0.95).delivered == pytest.approx(0.8 * 0.05)
    assert judge(0.8, uncertainty=0.95, escalated="floor").delivered == 0.0
    assert judge(0.8, uncertainty=0.95, escalated="refuse").delivered is None


def test_both_uncertainties_are_named_in_order() -> None:
    assert [reason.split()[0] for reason in judge(0.8, 0.95, 0.9).reasons] == ["uncertainty", "coverage"]


def test_beta_scales_after_enforcement_and_never_decides() -> None:
    assert judge(0.7, beta=10.0).delivered == pytest.approx(7.0)
    assert judge(0.1, beta=10.0).action is Action.BLOCK
    assert judge(1.0, 0.0, 1.0, beta=10.0).delivered == pytest.approx(5.0)


NAN = float("nan")


@pytest.mark.parametrize(
    ("reward", "uncertainty", "coverage", "action"),
    [
        (NAN, 0.1, 0.1, Action.BLOCK),
        (math.inf, 0.1, 0.1, Action.BLOCK),
        (0.7, NAN, 0.1, Action.ESCALATE),
        (0.7, 0.1, NAN, Action.ESCALATE),
        (0.7, NAN, NAN, Action.ESCALATE),
    ],
)
def test_what_is_not_a_number_counts_as_the_worst(
    reward: float, uncertainty: float, coverage: float, action: Action
) -> None:
    judged = judge(reward, uncertainty, coverage)
    assert judged.action is action
    assert judged.delivered is not None
    assert math.isfinite(judged.delivered)


numbers = st.floats(0, 1) | st.sampled_from([NAN, math.inf, -math.inf, -0.5, 2.0])


@given(reward=numbers, uncertainty=numbers, coverage=numbers, floor=numbers)
def test_no_input_ever_delivers_a_nan_or_pays_for_uncertainty(
    reward: float, uncertainty: float, coverage: float, floor: float
) -> None:
    judged = enforce(reading(reward, uncertainty), coverage, THRESHOLDS, floor)
    assert judged.delivered is not None
    assert math.isfinite(judged.delivered)
    assert judged.delivered >= 0
    if judged.action is Action.ESCALATE:
        assert judged.delivered <= (max(floor, 0) if math.isfinite(floor) else 0)
    assert (judged.action is Action.ALLOW) == (not judged.reasons)


def test_thresholds_come_from_the_configuration_as_they_are() -> None:
    section = ThresholdsSection(reward_floor=0.3, escalated="refuse", beta=2.0)
    assert Thresholds.of(section) == Thresholds(0.3, 0.95, 0.98, "floor", "refuse", 2.0)


@pytest.mark.parametrize(
    "change", [{"reward_floor": NAN}, {"coverage_max": 1.1}, {"beta": 0.0}, {"beta": math.inf}, {"blocked": "allow"}]
)
def test_thresholds_that_cannot_be_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ArtifactError):
        replace(THRESHOLDS, **change)  # type: ignore[arg-type]
