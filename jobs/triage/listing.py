"""``iirl triage list CONFIG``: the clusters of a round, the ones most worth a person's time first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from cluster.session import Session
from iirl_core.audit import TriageLabel
from iirl_core.config import Config
from iirl_core.triage import Cluster, norm_changes
from jobs.console import answering
from jobs.outcome import Outcome
from jobs.triage.opening import Opened, open_review

SHOWN = 25
"""Clusters that are printed: who has labelled these may look again."""
COLUMNS = ("cluster", "norm", "findings", "severity", "exposure", "uncertainty", "support", "look at", "people say")
IDS = ("cluster", "look at")
"""Columns to copy from: no terminal is so narrow that they are cut."""


def list_clusters(
    session: Session,
    config: Config,
    reference: str | None = None,
    *,
    console: Console | None = None,
) -> Outcome:
    """Print the clusters, what waits for another person, and what people propose of norms.

    Raises:
        NotFound, ConfigError, Tampered, Gated: as ``open_review``.
    """
    console = console or answering()
    opened = open_review(session, config, reference)
    review = opened.review
    table = Table(title=f"Round {opened.past.audit.round} of {opened.past.digest[:19]}", title_justify="left")
    for column in COLUMNS:
        table.add_column(column, no_wrap=column in IDS, overflow="fold")
    for cluster in review.clusters[:SHOWN]:
        table.add_row(*_cells(opened, cluster, config.review.confidence))
    console.print(table, markup=False, soft_wrap=False)
    for line in (*_left_out(opened), *_waiting(opened), *_proposed(opened)):
        console.print(line, markup=False)
    made = f"{len(review.findings):,} findings in {len(review.clusters)} clusters"
    first = review.clusters[0].id if review.clusters else ""
    return Outcome(made, next=f"iirl triage show CONFIG.yaml --on {first}" if first else "iirl release CONFIG.yaml")


def _cells(opened: Opened, cluster: Cluster, confidence: float) -> tuple[str, ...]:
    return (
        cluster.id,
        cluster.norm,
        f"{len(cluster.findings):,}",
        f"{cluster.severity:g}",
        f"{cluster.exposure:.1%}",
        f"{cluster.uncertainty:.2f}",
        f"{cluster.support:.2f}",
        "\n".join(cluster.representatives),
        "\n".join(_said(opened, cluster, confidence)),
    )


def _said(opened: Opened, cluster: Cluster, confidence: float) -> Iterator[str]:
    """What people's labels come to in one cluster."""
    settled = [opened.review.settled[name] for name in cluster.findings if name in opened.review.settled]
    for label in TriageLabel:
        direct = sum(one.label is label and one.direct for one in settled)
        spread = [one.confidence for one in settled if one.label is label and not one.direct]
        acted = sum(value >= confidence for value in spread)
        if direct or spread:
            yield f"{label.value}: {direct}" + (f", spread to {len(spread)} ({acted} count)" if spread else "")
    if cluster.id in opened.review.contradicting:
        yield "they contradict each other: nothing spreads"


def _left_out(opened: Opened) -> Iterator[str]:
    if len(opened.review.clusters) > SHOWN:
        yield f"and {len(opened.review.clusters) - SHOWN} clusters that are worth less"


def _waiting(opened: Opened) -> Iterator[str]:
    for name, settled in sorted(opened.review.settled.items()):
        if settled.waits:
            said = Counter(opened.review.label(source).label.word for source in settled.sources)
            words = ", ".join(f"{count} {word}" for word, count in sorted(said.items()))
            yield f"waits for another person: {name} ({words})" + (", disputed" if settled.disputed else "")


def _proposed(opened: Opened) -> Iterator[str]:
    for change in norm_changes(opened.review):
        who = ", ".join(map(opened.person, change.people))
        yield f"{change.norm} is wrong on {len(change.findings)} findings, say {who}: {'; '.join(change.because)}"
        if change.thresholds:
            yield f"  proposed thresholds of {change.norm}: {', '.join(f'{one:g}' for one in change.thresholds)}"
