"""What a plan may read of a corpus before training: its newest manifest, in a store that is a folder.

Read as files, because a store's own module loads Arrow, which takes longer than all the rest of a plan; training proves
digests, a plan does not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from iirl_core.canonical import Digest, folder_of


@dataclass(frozen=True)
class Ingested:
    """Records of a corpus, of all splits and of two; tokens of them all, and the widths of a step's observations and
    actions, None where its kind has none (or nobody counted).
    """

    rows: int
    train: int
    guard: int
    tokens: int | None
    observations: int | None
    actions: int | None


def read_ingested(store: Path, name: str) -> Ingested | None:
    """None where the corpus is not there, or is not one that this version wrote."""
    try:
        digest = (store / "corpora" / name / "latest").read_text(encoding="utf-8").strip()
        document = json.loads((store / "corpora" / name / folder_of(Digest(digest)) / "manifest.json").read_bytes())
        splits = document["splits"]
        return Ingested(
            rows=document["rows"],
            train=splits.get("train", 0),
            guard=splits.get("guard", 0),
            tokens=document["tokens"],
            observations=document["observation_width"],
            actions=document["action_width"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def tokens_each(corpora: list[Ingested]) -> float | None:
    """Tokens of a record on average, over the corpora that were counted."""
    counted = [one for one in corpora if one.tokens is not None]
    texts = sum(one.rows for one in counted)
    return sum(one.tokens or 0 for one in counted) / texts if texts else None
