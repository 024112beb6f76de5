"""A per-step trainer gets no more for a step than it would for that step alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from iirl_core.enforcement import enforce
from iirl_core.reading import Score
from serving.served import Served
from serving.steps import delivered_steps
from tests.serving.scores import SERVED, score

STEPS = (0.9, 0.1, 0.8)


def under(**thresholds: Any) -> Served:
    return replace(SERVED, thresholds=replace(SERVED.thresholds, **thresholds))


def judged(served: Served, steps: tuple[float, ...] = STEPS) -> Score:
    """A trajectory of uncertainty 0.2 and coverage uncertainty 0.3, enforced as the scorer does."""
    raw = score(sum(steps) / len(steps), steps=steps)
    action, delivered, reasons = enforce(raw.reading, raw.coverage_uncertainty, served.thresholds, served.known_good)
    return replace(raw, action=action, delivered=delivered, reasons=reasons)


@pytest.mark.parametrize(
    ("thresholds", "steps", "expected"),
    [
        ({}, STEPS, [0.9, 0.0, 0.8]),  # allowed as a whole, and one of its steps is not
        ({"beta": 2.0}, STEPS, [1.8, 0.0, 1.6]),
        ({"blocked": "refuse"}, STEPS, [0.9, None, 0.8]),
        ({}, (0.5, 0.05, 0.0), [0.0, 0.0, 0.0]),  # blocked as a whole
        ({"blocked": "refuse"}, (0.5, 0.05, 0.0), None),
        ({"coverage_max": 0.3}, (0.4, 0.1, 0.9), [0.4 * 0.8, 0.0, 0.5]),  # escalated: lower bounds, none above 0.5
        ({"uncertainty_max": 0.2, "escalated": "floor"}, STEPS, [0.0, 0.0, 0.0]),
        ({"uncertainty_max": 0.2, "escalated": "refuse"}, STEPS, None),
    ],
)
def test_each_step_gets_what_the_release_gives_for_it(
    thresholds: dict[str, Any], steps: tuple[float, ...], expected: list[float | None] | None
) -> None:
    served = under(**thresholds)
    found = delivered_steps(served, judged(served, steps))
    assert found == (expected if expected is None or None in expected else pytest.approx(expected))


def test_a_conversation_has_no_steps() -> None:
    assert delivered_steps(SERVED, score()) == []
