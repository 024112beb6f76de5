"""Figures of the newest evaluation along the chain, with their baselines beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from iirl_core.canonical import folder_of
from iirl_core.config import Config
from iirl_core.errors import NotFound
from iirl_core.evaluation import BASELINES, NOTES, Estimate, Evaluation, higher_is_better, parse_evaluation
from iirl_core.report import Baseline, EvaluationFigure
from iirl_core.store.protocol import Store
from jobs.history import PastRound


def evaluation_figures(store: Store, config: Config, history: Sequence[PastRound]) -> tuple[EvaluationFigure, ...]:
    """Of the newest artifact of the chain that was evaluated; empty where none was."""
    for past in reversed(history):
        try:
            data = store.get(f"runs/{config.name}/evaluations/{folder_of(past.digest)}.json")
        except NotFound:
            continue
        evaluation = parse_evaluation(data)
        return tuple(
            _figure(estimate, evaluation) for estimate in evaluation.estimates if estimate.suite not in BASELINES
        )
    return ()


def _figure(estimate: Estimate, evaluation: Evaluation) -> EvaluationFigure:
    note = f"{NOTES.get(estimate.suite, '')}; measured on {evaluation.digest[:19]}"
    return figure_of(estimate, evaluation, note)


def figure_of(
    estimate: Estimate, evaluation: Evaluation, note: str, baselines: Mapping[str, str] = BASELINES
) -> EvaluationFigure:
    """An estimate with its baselines beside it: by the first part of their names, what they are called."""
    beside = [(words, evaluation.estimate(f"{suite}/{estimate.name}")) for suite, words in baselines.items()]
    return EvaluationFigure(
        name=estimate.name,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        count=estimate.count,
        higher_is_better=higher_is_better(estimate.name),
        note=note,
        baselines=tuple(Baseline(words, one.value, one.low, one.high) for words, one in beside if one is not None),
    )
