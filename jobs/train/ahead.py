"""What a plan may know of corpora before training: their newest manifests, in a store that is a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from iirl_core.canonical import Digest, folder_of
from iirl_core.config import Config
from iirl_core.config.contrast import Play
from iirl_core.config.expertness import DiscriminatorSection, EnsembleSection, HeadSection, JointSection
from iirl_core.config.training import SelectSection
from iirl_core.selection import SAMPLES, kept_of

PLAYS: tuple[Play, ...] = ("demonstrations", "negatives")
Matter = Literal["rows", "tokens", "selection"]
"""What may not be known."""


@dataclass(frozen=True)
class SelectionAhead:
    """What a re-fit selects: each round keeps ``kept`` of the ``comparisons``; over all rounds ``embedded`` texts are
    embedded for that, 0 where it draws at random. None: not known.
    """

    comparisons: int | None = None
    kept: int | None = None
    embedded: int | None = None


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


@dataclass(frozen=True)
class _Facts:
    """Of one corpus."""

    rows: int
    train: int
    guard: int
    tokens: int | None
    observations: int | None
    actions: int | None


_There = tuple[Path, list[_Facts], list[_Facts]]
"""The store, and the corpora that play either side."""


def look_ahead(config: Config) -> Ahead:
    """From manifests as they lie there (training proves their digests, a plan does not); what they do not say is what
    ``plan.rows`` and ``plan.tokens`` assume.
    """
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
    nothing = None if select is None else SelectionAhead(embedded=0 if select.by == "random" else None)
    if "://" in config.store:
        why = f"{config.store}, which a plan does not look into: {counts}"
        return Ahead(selection=nothing, unsaid={"rows": why})
    store = Path(config.store).expanduser()  # read as files: a store's own module loads Arrow, longer than all the rest
    sides: tuple[list[_Facts], list[_Facts]] = [], []
    for side, play in zip(sides, PLAYS, strict=True):
        for section in config.playing(play):
            facts = _facts(store, section.name)
            if facts is None:
                why = f"corpus {section.name}, which is not ingested: {counts}"
                return Ahead(selection=nothing, unsaid={"rows": why})
            side.append(facts)
    if config.encoder.kind == "trajectory":
        why = "how many steps the trajectories have: rows, steps, hours"
        first = sides[0][0]
        return Ahead(observations=first.observations, actions=first.actions, unsaid={"rows": why})
    found = replace(_texts(config, *sides), tokens=_mean([*sides[0], *sides[1]]))
    if found.tokens is None:
        why = "how long the texts are, which was not counted: tokens, hours"
        found = replace(found, unsaid={"tokens": why})
    return found if select is None else _selecting(found, config, select, (store, *sides))


def _texts(config: Config, shown: list[_Facts], negatives: list[_Facts]) -> Ahead:
    copies = 1.0
    if isinstance(config.expertness, DiscriminatorSection | JointSection):
        copies += sum(config.expertness.corrupted.shares().values())
    learns = isinstance(config.expertness, HeadSection)  # from negatives
    rows = copies * sum(facts.train for facts in shown) + learns * sum(facts.train for facts in negatives)
    records = copies * sum(facts.train + facts.guard for facts in shown)
    records += sum(facts.train + facts.guard for facts in negatives)
    return Ahead(round(rows * _learnt(config)), round(records))


def _mean(corpora: list[_Facts]) -> float | None:
    """Tokens of a record, over the corpora that were counted."""
    counted = [facts for facts in corpora if facts.tokens is not None]
    texts = sum(facts.rows for facts in counted)
    return sum(facts.tokens or 0 for facts in counted) / texts if texts else None


def _learnt(config: Config) -> float:
    """The share of the train split that is not held out."""
    return 1.0 if config.train.held_out is None else 1 - config.train.held_out.fraction


def _selecting(whole: Ahead, config: Config, select: SelectSection, there: _There) -> Ahead:
    """Of one round of a re-fit: the train split is what it selects of it, both sides of each comparison."""
    _, chosen, rejected = there
    unsaid, comparisons = dict(whole.unsaid), sum(facts.train for facts in chosen)
    kept, rows, records = kept_of(select.keep, comparisons), None, None
    if kept is None:
        unsaid["rows"] = "how many comparisons reach train.select.threshold: rows, steps, tokens, hours"
    else:
        kept = min(kept, comparisons)
        rows = round(2 * kept * _learnt(config))
        records = 2 * kept + sum(facts.guard for facts in (*chosen, *rejected))
    embedded = _embedded(select, there)
    if isinstance(embedded, str):
        unsaid["selection"] = f"corpus {embedded}, which is not ingested: how many texts train.select embeds, hours"
    made = SelectionAhead(comparisons, kept, None if isinstance(embedded, str) else embedded)
    return replace(whole, rows=rows, records=records, selection=made, unsaid=unsaid)


def _embedded(select: SelectSection, there: _There) -> int | str:
    """How many texts are embedded: both sides once for all rounds, and each round's samples, of a single corpus another
    part for each. The name of a corpus of samples that is not there.
    """
    if select.by == "random":
        return 0
    store, chosen, rejected = there
    texts, parts = sum(facts.train for facts in (*chosen, *rejected)), select.rounds // len(select.samples)
    for name in select.samples:
        facts = _facts(store, name)
        if facts is None:
            return name
        texts += parts * min(SAMPLES, facts.train // parts)
    return texts


def _facts(store: Path, name: str) -> _Facts | None:
    """None where the corpus is not there, or is not one that this version wrote."""
    try:
        digest = (store / "corpora" / name / "latest").read_text(encoding="utf-8").strip()
        document = json.loads((store / "corpora" / name / folder_of(Digest(digest)) / "manifest.json").read_bytes())
        splits = document["splits"]
        return _Facts(
            rows=document["rows"],
            train=splits.get("train", 0),
            guard=splits.get("guard", 0),
            tokens=document["tokens"],
            observations=document["observation_width"],
            actions=document["action_width"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
