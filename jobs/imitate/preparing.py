"""What imitation reads, made once: turns of demonstrations, and a word that they are whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.session import Session
from iirl_core.canonical import JsonValue, canonical_json
from iirl_core.config import Config
from iirl_core.corpus import Corpus, read_corpus
from iirl_core.errors import ConfigError
from iirl_core.store.protocol import Store
from jobs.console import Progress
from jobs.imitate.turns import Turns, TurnStage
from jobs.train.pipeline import Source, write_rows

if TYPE_CHECKING:
    from iirl_core.encoder.rendering import Rendering

TURNS = "turns.json"
"""Written when the turns are whole."""


def read_demonstrations(store: Store, config: Config) -> tuple[Corpus, ...]:
    """The newest corpora with the role demonstrations, whatever the contrast.

    Raises:
        NotFound: one was never ingested.
        ConfigError: they are no conversations, or the train or the guard split holds none.
    """
    corpora = tuple(read_corpus(store, one.name) for one in config.corpora if one.role == "demonstrations")
    if not corpora:
        raise ConfigError("corpora: none has the role demonstrations", "at least one to imitate")
    for corpus in corpora:
        if corpus.manifest.kind != "conversation":
            raise ConfigError(f"corpus {corpus.manifest.name} holds no conversations", "some to imitate")
        corpus.verify()
    for split in ("train", "guard"):
        if not any(corpus.manifest.splits.get(split, 0) for corpus in corpora):
            raise ConfigError(
                f"no demonstration is in the {split} split",
                "some to imitate, and some to measure it on",
                "Add records, or change corpora[].split, then run: iirl ingest CONFIG.yaml",
            )
    return corpora


def tokenise(
    session: Session, folder: str, corpora: tuple[Corpus, ...], rendering: Rendering, progress: Progress
) -> None:
    """Write the turns, and then that they are whole."""
    import ray

    store = session.store
    if store.exists(f"{folder}/{TURNS}"):
        return
    with progress.task("tokenising"):
        session.ray()
        sources = [Source("demonstrations", tuple(one.paths()), one.manifest.rows) for one in corpora]
        write_rows(store, f"{folder}/turns", sources, TurnStage((ray.put(rendering),)), "tokenising")
        counts: JsonValue = {part: len(Turns(store, f"{folder}/turns", part)) for part in ("train", "guard")}
        store.put(f"{folder}/{TURNS}", canonical_json(counts))
