"""Figures of the newest evaluation along the chain, with their baselines beside them."""

from __future__ import annotations

from collections.abc import Sequence

from iirl_core.canonical import folder_of
from iirl_core.config import Config
from iirl_core.errors import NotFound
from iirl_core.evaluation import BASELINES, Estimate, Evaluation, parse_evaluation
from iirl_core.report import Baseline, EvaluationFigure
from iirl_core.store.protocol import Store
from jobs.history import PastRound

NOTES = {
    "separation": "AUROC: how often an unseen demonstration gets more reward than this contrast",
    "retention": "of unseen demonstrations",
    "pairs": "accuracy on pairs of answers to one prompt; @25%: of those whose lengths differ by less",
    "judge": "agreement with a judge on pairs whose preferences differ by 0.2 or more; Spearman over policies",
    "transfer": "agreement with a judge, by whether the reward learnt from the answers' policies",
    "rewardbench": "RewardBench v1: sections weighted by prompts, and their mean",
    "rewardbench2": "RewardBench 2: the best of four, and the formula of Ties; their mean",
    "rm_bench": "RM-Bench: three styles against three; hard is where the wrong answer has the fancier style",
    "best_of_n": "golden score of the best of N answers by reward; win: over an answer at random",
    "kl": "nats: how far picking the best of N moves the policy at most",
    "calibration": "expected calibration error of the reward as the probability of a demonstration; even classes, "
    "10 bins of equal mass",
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
            _figure(estimate, evaluation) for estimate in evaluation.estimates if estimate.suite not in BASELINES
        )
    return ()


def _figure(estimate: Estimate, evaluation: Evaluation) -> EvaluationFigure:
    beside = [(words, evaluation.estimate(f"{suite}/{estimate.name}")) for suite, words in BASELINES.items()]
    return EvaluationFigure(
        name=estimate.name,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        count=estimate.count,
        higher_is_better=estimate.suite not in ("calibration", "kl"),
        note=f"{NOTES.get(estimate.suite, '')}; measured on {evaluation.digest[:19]}",
        baselines=tuple(Baseline(words, one.value, one.low, one.high) for words, one in beside if one is not None),
    )
