"""What a plan may know of corpora before training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from iirl_core.config import Config
from iirl_core.config.contrast import Play
from iirl_core.config.expertness import DiscriminatorSection, EnsembleSection, HeadSection, JointSection
from jobs.train.ingested import Ingested, read_ingested, tokens_each
from jobs.train.selection_ahead import SelectionAhead, look_at_selection, unknown_selection

PLAYS: tuple[Play, ...] = ("demonstrations", "negatives")
Matter = Literal["rows", "tokens", "selection"]
"""What may not be known."""


@dataclass(frozen=True)
class Ahead:
    """``rows`` to learn from in an epoch, ``records`` that a frozen encoder reads (once), both of one round where there
    is a ``selection``; ``tokens`` of a record on average, before any are cut, and the widths of a step's observations
    and actions; None where it is not known, and ``unsaid`` says what and why. ``assumed`` says which of them the
    configuration told.
    """

    rows: int | None = None
    records: int | None = None
    tokens: float | None = None
    observations: int | None = None
    actions: int | None = None
    selection: SelectionAhead | None = None
    unsaid: Mapping[Matter, str] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()


def look_ahead(config: Config) -> Ahead:
    """From manifests as they lie there; what they do not say is what ``plan.rows`` and ``plan.tokens`` assume."""
    seen, plan, assumed = _look(config), config.plan, []
    unsaid = dict(seen.unsaid)
    if seen.rows is None and plan.rows is not None:
        assumed.append(f"{plan.rows:,} rows in an epoch (plan.rows)")
        seen = replace(seen, rows=plan.rows, records=plan.rows)
        del unsaid["rows"]
        if seen.tokens is None:
            unsaid["tokens"] = "hours, which no formula here gives for trajectories"
            if config.encoder.kind == "text":
                unsaid["tokens"] = "how long the texts are: tokens, hours (see plan.tokens)"
    if config.encoder.kind == "text" and seen.rows is not None and seen.tokens is None and plan.tokens is not None:
        assumed.append(f"{plan.tokens:g} tokens in a text (plan.tokens)")
        seen = replace(seen, tokens=plan.tokens)
        del unsaid["tokens"]
    if seen.selection is not None and seen.selection.embedded is None and "rows" not in unsaid:
        unsaid.setdefault("selection", "how many texts train.select embeds: hours")
    return replace(seen, unsaid=unsaid, assumed=tuple(assumed))


def _look(config: Config) -> Ahead:
    select, counts = config.train.select, "rows, steps, tokens, hours"
    if not isinstance(config.expertness, EnsembleSection):
        counts = "rows, tokens, hours"
    nothing = None if select is None else unknown_selection(select)
    if "://" in config.store:
        why = f"{config.store}, which a plan does not look into: {counts}"
        return Ahead(selection=nothing, unsaid={"rows": why})
    store = Path(config.store).expanduser()
    sides: tuple[list[Ingested], list[Ingested]] = [], []
    for side, play in zip(sides, PLAYS, strict=True):
        for section in config.playing(play):
            there = read_ingested(store, section.name)
            if there is None:
                why = f"corpus {section.name}, which is not ingested: {counts}"
                return Ahead(selection=nothing, unsaid={"rows": why})
            side.append(there)
    if config.encoder.kind == "trajectory":
        why = "how many steps the trajectories have: rows, steps, hours"
        first = sides[0][0]
        return Ahead(observations=first.observations, actions=first.actions, unsaid={"rows": why})
    found = replace(_texts(config, *sides), tokens=tokens_each([*sides[0], *sides[1]]))
    if found.tokens is None:
        found = replace(found, unsaid={"tokens": "how long the texts are, which was not counted: tokens, hours"})
    if select is None:
        return found
    guards = sum(one.guard for side in sides for one in side)
    return _selected(found, look_at_selection(select, store, *sides), guards, _learnt(config))


def _texts(config: Config, shown: Sequence[Ingested], negatives: Sequence[Ingested]) -> Ahead:
    copies = 1.0
    if isinstance(config.expertness, DiscriminatorSection | JointSection):
        copies += sum(config.expertness.corrupted.shares().values())
    learns = isinstance(config.expertness, HeadSection)  # from negatives
    rows = copies * sum(one.train for one in shown) + learns * sum(one.train for one in negatives)
    records = copies * sum(one.train + one.guard for one in shown)
    records += sum(one.train + one.guard for one in negatives)
    return Ahead(round(rows * _learnt(config)), round(records))


def _learnt(config: Config) -> float:
    """The share of the train split that is not held out."""
    return 1.0 if config.train.held_out is None else 1 - config.train.held_out.fraction


def _selected(whole: Ahead, selection: SelectionAhead, guards: int, learnt: float) -> Ahead:
    """Of one round of a re-fit: the train split is what it selects of it, both sides of each comparison; ``learnt`` is
    the share of it that is not held out.
    """
    unsaid, rows, records = dict(whole.unsaid), None, None
    if selection.kept is None:
        unsaid["rows"] = "how many comparisons reach train.select.threshold: rows, steps, tokens, hours"
    else:
        rows, records = round(2 * selection.kept * learnt), 2 * selection.kept + guards
    if selection.missing is not None:
        why = f"corpus {selection.missing}, which is not ingested: how many texts train.select embeds, hours"
        unsaid["selection"] = why
    return replace(whole, rows=rows, records=records, selection=selection, unsaid=unsaid)
