"""An Evaluation as a table."""

from __future__ import annotations

from iirl_core.evaluation import BASELINES, Evaluation

HEADERS = ["figure", "value", "95%", *BASELINES.values(), "records"]
SUITE_HEADERS = ["suite", "rows", "answers", "prompts", "trained on", "equal sides", "quarantined", "golden"]


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


def suite_rows(evaluation: Evaluation) -> list[list[str]]:
    """A line per suite: what it held. "?": nobody knows which prompts were trained on."""
    return [
        [
            f"{suite.kind}/{suite.name}",
            *map(str, (suite.rows, suite.answers, suite.prompts)),
            "?" if suite.contaminated is None else str(suite.contaminated),
            *map(str, (suite.equal, suite.quarantined)),
            suite.golden,
        ]
        for suite in evaluation.suites
    ]


def warnings(evaluation: Evaluation) -> list[str]:
    """A line for what a reader must not overlook."""
    lines = _left_out(evaluation)
    for suite in evaluation.suites:
        name = f"{suite.kind}/{suite.name}"
        if suite.contaminated is None:
            lines.append(f"{name}: a corpus that was trained on is gone, so nobody knows whether its prompts were seen")
        elif suite.contaminated:
            lines.append(f"{name} is contaminated: {suite.contaminated} of its {suite.prompts} prompts were trained on")
        if suite.quarantined:
            lines.append(f"{name}: {suite.quarantined} rows were put aside, such as {suite.reasons[0]}")
    return lines


def _left_out(evaluation: Evaluation) -> list[str]:
    """Of the unseen splits."""
    gone = "a corpus that was trained on is gone, so nobody knows whether more of their prompts were seen"
    return [
        *([f"unseen splits: {gone}"] if evaluation.corpora_gone else ()),
        *(
            f"unseen split of {name}: {count} of the {read} records that were read are left out, because their prompts,"
            " case and white space aside, were trained on"
            for name, count, read in evaluation.left_out_of()
            if count
        ),
    ]
