"""What a plan may know of corpora before training: their newest manifests, in a store that is a folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from iirl_core.canonical import Digest, folder_of
from iirl_core.config import Config
from iirl_core.config.corpora import CorpusSection
from iirl_core.config.expertness import DiscriminatorSection, JointSection, MixtureSection
from iirl_core.errors import NotFound
from iirl_core.store import DirectoryStore, read_pointer


@dataclass(frozen=True)
class Ahead:
    """``rows`` of an epoch, ``records`` that a frozen encoder reads (once), ``tokens`` of a record on average, and the
    width of a step's observations; None where it is not known, and ``unknown`` says what and why.
    """

    rows: int | None = None
    records: int | None = None
    tokens: float | None = None
    observations: int | None = None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Facts:
    """Of one corpus."""

    rows: int
    train: int
    guard: int
    tokens: int | None
    observations: int | None


def look_ahead(config: Config) -> Ahead:
    """From manifests as they lie there: training proves their digests, a plan does not."""
    if "://" in config.store:
        return Ahead(unknown=(f"{config.store}, which a plan does not look into: rows, steps, tokens, hours",))
    store = DirectoryStore(Path(config.store))
    found: list[tuple[CorpusSection, _Facts]] = []
    for section in config.corpora:
        if section.role == "probes":
            continue
        facts = _facts(store, section.name)
        if facts is None:
            return Ahead(unknown=(f"corpus {section.name}, which is not ingested: rows, steps, tokens, hours",))
        found.append((section, facts))
    if config.encoder.kind == "trajectory":
        why = "how many steps the trajectories have: rows, steps, hours"
        return Ahead(observations=found[0][1].observations, unknown=(why,))
    return _texts(config, found, config.encoder.max_tokens)


def _texts(config: Config, found: list[tuple[CorpusSection, _Facts]], longest: int) -> Ahead:
    learns = not isinstance(config.expertness, MixtureSection)
    copies = 1.0
    if isinstance(config.expertness, DiscriminatorSection | JointSection):
        copies += sum(config.expertness.corrupted.shares().values())
    rows = records = 0.0
    for section, facts in found:
        each = copies if section.role == "demonstrations" else 1.0
        rows += each * facts.train if learns or section.role == "demonstrations" else 0.0
        records += each * (facts.train + facts.guard)
    counted = [facts for _, facts in found if facts.tokens is not None]
    total, texts = sum(facts.tokens or 0 for facts in counted), sum(facts.rows for facts in counted)
    if not texts:
        why = "how long the texts are, which was not counted: tokens, hours"
        return Ahead(round(rows), round(records), unknown=(why,))
    return Ahead(round(rows), round(records), min(float(longest), total / texts))


def _facts(store: DirectoryStore, name: str) -> _Facts | None:
    """None where the corpus is not there, or is not one that this version wrote."""
    try:
        digest = read_pointer(store, f"corpora/{name}/latest")
        if digest is None:
            return None
        document = json.loads(store.get(f"corpora/{name}/{folder_of(Digest(digest))}/manifest.json"))
        splits = document["splits"]
        return _Facts(
            rows=document["rows"],
            train=splits.get("train", 0),
            guard=splits.get("guard", 0),
            tokens=document["tokens"],
            observations=document["observation_width"],
        )
    except (NotFound, ValueError, KeyError, TypeError, AttributeError):
        return None
