"""Figures of the newest evaluation along the chain, with the length-only baseline beside them."""

from __future__ import annotations

from collections.abc import Sequence

from iirl_core.canonical import folder_of
from iirl_core.config import Config
from iirl_core.errors import NotFound
from iirl_core.evaluation import Estimate, Evaluation, parse_evaluation
from iirl_core.report import Baseline, EvaluationFigure
from iirl_core.store.protocol import Store
from jobs.history import PastRound

NOTES = {
    "separation": "AUROC: how often an unseen demonstration gets more reward than this contrast",
    "retention": "of unseen demonstrations",
    "pairs": "accuracy on chosen against rejected answers",
    "length": "AUROC of length alone: what a reward must beat",
}


def evaluation_figures(store: Store, config: Config, history: Sequence[PastRound]) -> tuple[EvaluationFigure, ...]:
    """Of the newest artifact of the chain that was evaluated; empty where none was."""
    for past in reversed(history):
        try:
            data = store.get(f"runs/{config.name}/evaluations/{folder_of(past.digest)}.json")
        except NotFound:
            continue
        evaluation = parse_evaluation(data)
        return tuple(
            _figure(estimate, evaluation)
            for estimate in evaluation.estimates
            if not estimate.name.startswith("length/")
        )
    return ()


def _figure(estimate: Estimate, evaluation: Evaluation) -> EvaluationFigure:
    suite, _, figure = estimate.name.partition("/")
    alone = evaluation.estimate(f"length/{figure}")
    return EvaluationFigure(
        name=estimate.name,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        count=estimate.count,
        higher_is_better=True,
        note=f"{NOTES.get(suite, '')}; measured on {evaluation.digest[:19]}",
        baselines=(Baseline("length alone", alone.value, alone.low, alone.high),) if alone else (),
    )
