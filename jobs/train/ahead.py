"""What a plan may know of corpora before training: their newest manifests, in a store that is a folder."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from iirl_core.canonical import Digest, folder_of
from iirl_core.config import Config
from iirl_core.config.contrast import Play
from iirl_core.config.expertness import DiscriminatorSection, JointSection, MixtureSection

PLAYS: tuple[Play, ...] = ("demonstrations", "negatives")


@dataclass(frozen=True)
class Ahead:
    """``rows`` to learn from in an epoch, ``records`` that a frozen encoder reads (once), ``tokens`` of a record on
    average, and the widths of a step's observations and actions; None where it is not known, and ``unknown`` says what
    and why.
    ``assumed`` says which of them the configuration told.
    """

    rows: int | None = None
    records: int | None = None
    tokens: float | None = None
    observations: int | None = None
    actions: int | None = None
    unknown: tuple[str, ...] = ()
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


def look_ahead(config: Config) -> Ahead:
    """From manifests as they lie there (training proves their digests, a plan does not); what they do not say is what
    ``plan.rows`` and ``plan.tokens`` assume.
    """
    seen, plan, assumed = _look(config), config.plan, []
    if seen.rows is None and plan.rows is not None:
        assumed.append(f"{plan.rows:,} rows in an epoch (plan.rows)")
        length = "hours, which no formula here gives for trajectories"
        if config.encoder.kind == "text":
            length = "how long the texts are: tokens, hours (see plan.tokens)"
        seen = replace(seen, rows=plan.rows, records=plan.rows, unknown=(length,))
    if config.encoder.kind == "text" and seen.rows is not None and seen.tokens is None and plan.tokens is not None:
        assumed.append(f"{plan.tokens:g} tokens in a text (plan.tokens)")
        seen = replace(seen, tokens=min(float(config.encoder.max_tokens), plan.tokens), unknown=())
    return replace(seen, assumed=tuple(assumed))


def _look(config: Config) -> Ahead:
    if "://" in config.store:
        return Ahead(unknown=(f"{config.store}, which a plan does not look into: rows, steps, tokens, hours",))
    store = Path(config.store).expanduser()  # read as files: a store's own module loads Arrow, longer than all the rest
    sides: tuple[list[_Facts], list[_Facts]] = [], []
    for side, play in zip(sides, PLAYS, strict=True):
        for section in config.playing(play):
            facts = _facts(store, section.name)
            if facts is None:
                return Ahead(unknown=(f"corpus {section.name}, which is not ingested: rows, steps, tokens, hours",))
            side.append(facts)
    if config.encoder.kind == "trajectory":
        why = "how many steps the trajectories have: rows, steps, hours"
        first = sides[0][0]
        return Ahead(observations=first.observations, actions=first.actions, unknown=(why,))
    return _texts(config, *sides, config.encoder.max_tokens)


def _texts(config: Config, shown: list[_Facts], negatives: list[_Facts], longest: int) -> Ahead:
    copies = 1.0
    if isinstance(config.expertness, DiscriminatorSection | JointSection):
        copies += sum(config.expertness.corrupted.shares().values())
    learns = not isinstance(config.expertness, MixtureSection)
    held = 0.0 if config.train.held_out is None else config.train.held_out.fraction
    rows = copies * sum(facts.train for facts in shown) + learns * sum(facts.train for facts in negatives)
    rows *= 1 - held
    records = copies * sum(facts.train + facts.guard for facts in shown)
    records += sum(facts.train + facts.guard for facts in negatives)
    counted = [facts for facts in (*shown, *negatives) if facts.tokens is not None]
    total, texts = sum(facts.tokens or 0 for facts in counted), sum(facts.rows for facts in counted)
    if not texts:
        why = "how long the texts are, which was not counted: tokens, hours"
        return Ahead(round(rows), round(records), unknown=(why,))
    return Ahead(round(rows), round(records), min(float(longest), total / texts))


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
