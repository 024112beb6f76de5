"""What a run reads, made once: tokens or features, and a word that they are whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster.resources import plan_encoders
from cluster.session import Session
from iirl_core.canonical import canonical_json
from iirl_core.config import Config
from iirl_core.corruption import answer_pool
from iirl_core.demonstration import Conversation
from iirl_core.encoder import Encoder
from jobs.console import Progress
from jobs.train.dealing import Choice
from jobs.train.encoding import encode_sources, tokenise_sources
from jobs.train.features import Features
from jobs.train.needs import corrupted_shares
from jobs.train.rows import PARTS
from jobs.train.sources import Sources, parts_of
from jobs.train.tokens import Tokens

if TYPE_CHECKING:
    from iirl_core.encoder.rendering import Rendering

FEATURES = "features.json"
"""Written when the features are whole."""
TOKENS = "tokens.json"
"""Written when the tokens are whole."""


@dataclass(frozen=True)
class Run:
    """One run: what it learns from, and its ``folder`` in the session's store."""

    session: Session
    config: Config
    sources: Sources
    folder: str
    progress: Progress


def write_tokens(run: Run, rendering: Rendering) -> None:
    """The tokens of what the loss sees, unless they are there."""
    store, folder = run.session.store, f"{run.folder}/tokens"
    if store.exists(f"{run.folder}/{TOKENS}"):
        return
    with run.progress.task("tokenising"):
        run.session.ray()
        parts = parts_of(run.sources, run.config)
        tokenise_sources(store, folder, run.sources.shards(), rendering, parts=parts, pool=_pool(run))
        tokens = Tokens(store, folder, "train")
        store.put(f"{run.folder}/{TOKENS}", canonical_json({"rows": len(tokens), "tokens": tokens.count()}))


def write_features(run: Run, encoder: Encoder, choice: Choice) -> None:
    """The features that ``choice`` names, unless they are there."""
    store, folder = run.session.store, f"{run.folder}/features"
    if store.exists(f"{run.folder}/{FEATURES}"):
        return
    with run.progress.task("encoding"):
        encode_sources(
            store,
            folder,
            run.sources.shards(),
            encoder,
            parts=parts_of(run.sources, run.config),
            pool=_pool(run),
            plan=plan_encoders(run.session.cluster(), run.config.train),
            choice=choice,
        )
        counts: dict[str, int] = {part: len(Features(store, folder, part)) for part in PARTS}
        store.put(f"{run.folder}/{FEATURES}", canonical_json({"width": encoder.width, **counts}))


def _pool(run: Run) -> tuple[Conversation, ...]:
    """The answers that mismatched negatives draw from."""
    wanted = "mismatched" in corrupted_shares(run.config)
    return tuple(answer_pool(run.sources.train_demonstrations())) if wanted else ()
