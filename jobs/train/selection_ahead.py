"""What a plan may know of a re-fit's selection before anything is embedded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from iirl_core.config.training import SelectSection
from iirl_core.selection import MOST_SAMPLES, kept_of
from jobs.train.ingested import Ingested, read_ingested


@dataclass(frozen=True)
class SelectionAhead:
    """What a re-fit selects: each round keeps ``kept`` of the ``comparisons``; over all rounds ``embedded`` texts are
    embedded for that, 0 where it draws at random. None: not known; ``missing`` is the corpus of samples, not ingested,
    for want of which ``embedded`` is not.
    """

    comparisons: int | None = None
    kept: int | None = None
    embedded: int | None = None
    missing: str | None = None


def unknown_selection(select: SelectSection) -> SelectionAhead:
    """Of corpora that are not there."""
    return SelectionAhead(embedded=0 if select.by == "random" else None)


def look_at_selection(
    select: SelectSection, store: Path, chosen: Sequence[Ingested], rejected: Sequence[Ingested]
) -> SelectionAhead:
    """Of the corpora that hold the two sides of the comparisons, in a ``store`` that may have the samples."""
    comparisons = sum(one.train for one in chosen)
    kept = kept_of(select.keep, comparisons)
    kept = None if kept is None else min(kept, comparisons)
    embedded = _embedded(select, store, sum(one.train for one in (*chosen, *rejected)))
    if isinstance(embedded, str):
        return SelectionAhead(comparisons, kept, missing=embedded)
    return SelectionAhead(comparisons, kept, embedded)


def _embedded(select: SelectSection, store: Path, sides: int) -> int | str:
    """How many texts are embedded: the ``sides`` of all comparisons once for all rounds, and each round's samples, of a
    single corpus another part for each. The name of a corpus of samples that is not there.
    """
    if select.by == "random":
        return 0
    texts, parts = sides, select.rounds // len(select.samples)
    for name in select.samples:
        there = read_ingested(store, name)
        if there is None:
            return name
        texts += parts * min(MOST_SAMPLES, there.train // parts)
    return texts
