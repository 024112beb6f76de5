"""What an evaluation's page shows, gathered from its figures and from what they were made of."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from iirl_core.artifact import Manifest
from iirl_core.evaluation import BASELINES, NOTES, Estimate, Evaluation, Frozen, Graded
from iirl_core.evaluation.calibration import reliability
from iirl_core.evaluation.judge import policy_means
from iirl_core.report import Chapter, Curve, Diagram, Distribution, EvaluationData, Panel, Rollouts
from jobs.evaluate.rollouts import BASELINES as BESIDE_ROLLOUTS
from jobs.evaluate.rollouts import Ranked
from jobs.evaluate.suites import Examined
from jobs.evaluate.table import warnings
from jobs.report.figures import figure_of

PANELS = {"golden": "Golden score of the pick", "win": "Chance that it beats an answer at random"}


def evaluation_data(
    manifest: Manifest,
    evaluation: Evaluation,
    frozen: Frozen,
    ranked: Sequence[Ranked],
    examined: Sequence[Examined],
) -> EvaluationData:
    """Everything on the page."""
    told = [*(one.estimates for one in ranked), *(suite.estimates for suite in examined)]
    elsewhere = {estimate.name for estimates in told for estimate in estimates}
    return EvaluationData(
        name=manifest.name,
        version=manifest.version,
        digest=evaluation.digest,
        root=evaluation.root,
        bootstrap=evaluation.bootstrap,
        counts=tuple((name, read, there) for name, (read, there) in evaluation.counts.items()),
        warnings=tuple(warnings(evaluation)),
        chapters=(
            _unseen(evaluation, frozen, elsewhere, asks=manifest.kind == "conversation"),
            *(_rollouts(evaluation, one) for one in ranked),
            *(_suite(evaluation, suite) for suite in examined),
        ),
    )


def _unseen(evaluation: Evaluation, frozen: Frozen, elsewhere: Collection[str], *, asks: bool) -> Chapter:
    """``asks``: its records have prompts."""
    own = [one for one in evaluation.estimates if one.name not in elsewhere and one.suite not in BASELINES]
    counts = ", ".join(f"{name} {read:,} of {there:,}" for name, (read, there) in evaluation.counts.items())
    shown = frozen.demonstrations
    contrasts = [contrast for contrast in frozen.contrasts if len(contrast)]
    diagrams = []
    for contrast in contrasts:
        error = evaluation.estimate(f"calibration/{contrast.name}")
        if error is not None:
            diagrams.append(Diagram(contrast.name, reliability(shown.rewards, contrast.rewards), error.value))
    return Chapter(
        title="Unseen splits of the corpora",
        note=f"Records of the corpora's unseen splits ({counts}): separation is the AUROC of demonstrations against a "
        "contrast, retention what they keep of their root's reward, pairs the accuracy on answers to one prompt, "
        "calibration the expected calibration error.",
        facts=None,
        figures=tuple(figure_of(one, evaluation, "") for one in own),
        distributions=(
            Distribution("demonstrations", True, shown.rewards),
            *(Distribution(contrast.name, False, contrast.rewards) for contrast in contrasts),
        ),
        diagrams=tuple(diagrams),
        left_out=evaluation.left_out_of() if asks else (),
        corpora_gone=evaluation.corpora_gone,
    )


def _rollouts(evaluation: Evaluation, ranked: Ranked) -> Chapter:
    own = [one for one in ranked.estimates if one.suite == ranked.facts.kind]
    return Chapter(
        title=f"{ranked.facts.kind} {ranked.facts.name}",
        note=_sentence(NOTES[ranked.facts.kind]),
        facts=ranked.facts,
        figures=tuple(figure_of(one, evaluation, "", BESIDE_ROLLOUTS) for one in own),
        rollouts=Rollouts(ranked.returned.returns, ranked.returned.rewards),
    )


def _suite(evaluation: Evaluation, suite: Examined) -> Chapter:
    facts, data = suite.facts, suite.data
    own = [one for one in suite.estimates if one.suite not in BASELINES]
    if isinstance(data, Graded):
        right = data.is_right
        distributions = (
            Distribution("right answers", True, data.rewards[right]),
            Distribution("wrong answers", False, data.rewards[~right]),
        )
    else:
        middle = float(np.median(data.golden))
        high = data.golden >= middle
        distributions = (
            Distribution("upper half by golden score", True, data.rewards[high]),
            Distribution("lower half", False, data.rewards[~high]),
        )
    return Chapter(
        title=f"{facts.kind} {facts.name}",
        note=_sentence(NOTES[facts.kind]),
        facts=facts,
        figures=tuple(figure_of(one, evaluation, "") for one in own),
        distributions=tuple(one for one in distributions if len(one.rewards)),
        panels=_panels(evaluation, f"{facts.kind}/{facts.name}") if facts.kind == "best_of_n" else (),
        policies=() if isinstance(data, Graded) or facts.kind == "best_of_n" else tuple(policy_means(data)),
        seen=suite.seen,
    )


def _sentence(note: str) -> str:
    return f"{note[0].upper()}{note[1:]}."


def _panels(evaluation: Evaluation, prefix: str) -> tuple[Panel, ...]:
    panels = []
    for figure, title in PANELS.items():
        lines = [("this reward", "", False)]
        lines += [(words, f"{suite}/", True) for suite, words in BASELINES.items()]
        curves = [_curve(evaluation, f"{before}{prefix}/{figure}@", words, base) for words, before, base in lines]
        told = tuple(curve for curve in curves if curve.points)
        if told:
            panels.append(Panel(title, told))
    return tuple(panels)


def _curve(evaluation: Evaluation, start: str, label: str, baseline: bool) -> Curve:
    found = [(int(one.name.removeprefix(start)), one) for one in evaluation.estimates if one.name.startswith(start)]
    return Curve(label, baseline, tuple(_point(n, one, baseline) for n, one in sorted(found, key=lambda each: each[0])))


def _point(n: int, one: Estimate, baseline: bool) -> tuple[int, float, float | None, float | None]:
    return (n, one.value, None, None) if baseline else (n, one.value, one.low, one.high)
