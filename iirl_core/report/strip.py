"""A figure as a line: where it lies, with its interval and its baselines."""

from __future__ import annotations

from dataclasses import dataclass

from iirl_core.report.figure_data import EvaluationFigure


@dataclass(frozen=True)
class Strip:
    """Where a figure, its interval and its baselines lie on a line from ``start`` to ``end``, in pixels of 190."""

    figure: EvaluationFigure
    start: float
    end: float
    dot: float
    interval: tuple[float, float] | None
    ticks: tuple[float, ...]


def strip_of(figure: EvaluationFigure) -> Strip:
    """From 0 to 1 where all of it lies there, else from the least to the greatest, 0 among them."""
    values = [figure.value, *(base.value for base in figure.baselines)]
    values += [bound for bound in (figure.low, figure.high) if bound is not None]
    start, end = (0.0, 1.0) if all(0 <= value <= 1 for value in values) else (min(0.0, *values), max(0.0, *values))
    span = (end - start) or 1.0

    def place(value: float) -> float:
        return round(5 + 180 * (value - start) / span, 1)

    interval = None if figure.low is None or figure.high is None else (place(figure.low), place(figure.high))
    return Strip(figure, start, end, place(figure.value), interval, tuple(place(b.value) for b in figure.baselines))
