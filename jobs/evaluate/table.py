"""An Evaluation as a table."""

from __future__ import annotations

from iirl_core.evaluation import BASELINES, Evaluation

HEADERS = ["figure", "value", "95%", *BASELINES.values(), "records"]


def table_rows(evaluation: Evaluation) -> list[list[str]]:
    """A line per figure, its baselines beside it."""
    lines = []
    for each in evaluation.estimates:
        if each.suite not in BASELINES:
            beside = [evaluation.estimate(f"{suite}/{each.name}") for suite in BASELINES]
            numbers = [f"{one.value:.3f}" if one else "" for one in beside]
            lines.append(
                [each.name, f"{each.value:.3f}", f"{each.low:.3f} – {each.high:.3f}", *numbers, f"{each.count}"]
            )
    return lines
