"""``iirl triage show CONFIG --on ID``: findings with their inputs side by side, or what became of a label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cluster.session import Session
from iirl_core.audit import TriageLabel
from iirl_core.config import Config
from iirl_core.norm import rule_of
from iirl_core.report.audit_data import FindingFacts
from iirl_core.report.finding_view import Piece, Side, finding_view
from iirl_core.triage import Said
from jobs.console import answering
from jobs.outcome import Outcome
from jobs.triage.opening import Opened, open_review

MARKS = {"removed": ("[-", "-]", "red"), "added": ("{+", "+}", "green"), "same": ("", "", "")}
"""As git's word diff has them, so that a log shows them without colours."""


def show(
    session: Session,
    config: Config,
    reference: str | None = None,
    *,
    on: Sequence[str],
    console: Console | None = None,
) -> Outcome:
    """Print each finding, the representatives of each cluster, or where each label came from and went.

    Raises:
        InputError: there is nothing of that id in this round.
        NotFound, ConfigError, Tampered, Gated: as ``open_review``.
    """
    console = console or answering()
    opened = open_review(session, config, reference)
    for name in on:
        if name.startswith("l-"):
            _show_label(console, opened, opened.review.label(name.partition("/")[0]), config.review.confidence)
            continue
        for finding in named(opened, name):
            _show_finding(console, opened, finding)
    return Outcome(f"showed {', '.join(on)}", next="iirl triage label CONFIG.yaml --on ID --as flaw|not-a-flaw|unsure")


def named(opened: Opened, name: str) -> tuple[str, ...]:
    """The findings that an id means: itself, or the representatives of a cluster.

    Raises:
        InputError: there is nothing of that id in this round.
    """
    review = opened.review
    return review.cluster(name).representatives if name.startswith("c-") else (review.finding(name).id,)


def _show_finding(console: Console, opened: Opened, name: str) -> None:
    review = opened.review
    finding, cluster, norm = review.finding(name), review.cluster_of(name), review.norm(review.finding(name).norm)
    rule = f"{rule_of(norm)}: {norm.rationale}" if norm else "not configured any more"
    console.print(f"{finding.id}  {finding.norm} ({rule})", markup=False, style="bold")
    console.print(f"  found by {finding.family}: {finding.note}; off by {finding.excess:.3f}", markup=False)
    console.print(f"  in {cluster.id}, one of {len(cluster.findings):,}", markup=False)
    for line in _labels(opened, name):
        console.print(f"  {line}", markup=False)
    label = opened.past.labels.get(name, TriageLabel.UNSURE)
    view = finding_view(FindingFacts(finding, label, open=True))
    table = Table(show_lines=True)
    for side in view.sides:
        table.add_column(f"{side.title}: reward {side.reward:.3f}", overflow="fold", ratio=1)
    table.add_row(*(_text(side) for side in view.sides))
    console.print(table, markup=False, soft_wrap=False)


def _labels(opened: Opened, name: str) -> Iterator[str]:
    """Everything that was said of a finding, what was taken back too; then what it comes to."""
    back = {(one.by, one.id) for one in opened.review.withdrawn}
    for said in opened.review.said:
        spread = dict(said.label.spread).get(name)
        if said.label.finding == name or spread is not None:
            own = said.label.finding == name
            undone = (said.by, said.id) in back or (said.by, f"{said.id}/{name}") in back
            from_ = "" if own else f", spread from {said.label.finding} with confidence {spread:.2f}"
            yield f"{said.id}: {said.label.word}, says {opened.person(said.by)}{_told(said)}{from_}" + (
                " (taken back)" if undone else ""
            )
    yield f"triage: {opened.past.labels.get(name, TriageLabel.UNSURE).value}"


def _told(said: Said) -> str:
    label = said.label
    told = {"right reward": label.reward, "right order": label.order, "threshold": label.threshold}
    words = [
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in told.items()
        if value is not None
    ]
    return "".join(f", {word}" for word in words) + (f" ({label.because})" if label.because else "")


def _show_label(console: Console, opened: Opened, said: Said, confidence: float) -> None:
    back = {one.id for one in opened.review.withdrawn if one.by == said.by}
    state = " (taken back)" if said.id in back else ""
    console.print(
        f"{said.id}  {said.label.word} on {said.label.finding}, says {opened.person(said.by)}{_told(said)}{state}",
        markup=False,
        style="bold",
    )
    for name, value in sorted(said.label.spread, key=lambda pair: -pair[1]):
        settled = opened.review.settled.get(name)
        counts = settled is not None and said.id in settled.sources and value >= confidence
        why = "counts" if counts else "taken back" if f"{said.id}/{name}" in back else "does not count"
        console.print(f"  {said.id}/{name}  confidence {value:.2f}, {why}", markup=False)


def _text(side: Side) -> Text:
    text = Text()
    if side.step:
        text.append(f"step {side.step.number} of {side.step.total}\n")
        text.append(f"observation {', '.join(side.step.observation)}\n")
        if side.step.action:
            text.append(f"action {', '.join(side.step.action)}\n")
    for turn in side.turns:
        text.append(f"{turn.role}: ", "bold")
        for piece in turn.pieces:
            _append(text, piece)
        text.append("\n")
    text.rstrip()
    return text


def _append(text: Text, piece: Piece) -> None:
    before, after, style = MARKS[piece.change]
    hidden = f" … {piece.hidden} characters … " if piece.hidden else ""
    text.append(f"{before}{piece.head}{hidden}{piece.tail}{after}", style)
