"""``iirl ingest``: files → corpora."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from jobs.outcome import Outcome

if TYPE_CHECKING:  # `run` defers Ray
    from cluster.session import Session
    from iirl_core.canonical import JsonValue
    from iirl_core.config import Config
    from iirl_core.corpus import CorpusManifest
    from iirl_core.corpus.tables import Kind
    from iirl_core.store.protocol import Store
    from jobs.console import Progress

ROWS_SHOWN = 5


def run(session: Session, config: Config, progress: Progress) -> Outcome:
    """Ingest every corpus of the configuration and say what was kept, dropped and quarantined.

    Raises:
        ConfigError, CorpusEmpty, ClusterError: as ``jobs.ingest.ingest.run``.
    """
    from jobs.ingest import ingest  # Ray Data takes seconds to import

    manifests = ingest.run(session, config, progress)
    for manifest in manifests:
        say_corpus(session.store, manifest, progress)
    made = ", ".join(f"{manifest.name} ({manifest.rows:,} rows)" for manifest in manifests)
    return Outcome(f"ingested {made}", f"{session.store.url}/corpora", "iirl train CONFIG.yaml")


def say_corpus(store: Store, manifest: CorpusManifest, progress: Progress) -> None:
    """Counts by split, and the first rows that were quarantined: file, line and reason."""
    from iirl_core.corpus import read_corpus  # pyarrow

    splits = ", ".join(f"{split} {count:,}" for split, count in manifest.splits.items())
    dropped = f"; {manifest.duplicates:,} duplicates dropped" if manifest.duplicates else ""
    progress.say(f"{manifest.name}: {manifest.rows:,} rows ({splits}){dropped}")
    config = manifest.config
    shares = config.get("split") if isinstance(config, dict) else None
    for split, count in manifest.splits.items():
        if not count and isinstance(shares, dict) and shares.get(split):
            progress.say(f"  nothing fell into {split}: {_filling(manifest.kind, shares.get('by'))} would fill it")
    if manifest.quarantined:
        progress.say(f"  {manifest.quarantined:,} rows quarantined:")
        for row in islice(read_corpus(store, manifest.name, manifest.digest).quarantined(), ROWS_SHOWN):
            progress.say(f"  {row.file}:{row.line} {row.reason}")
        if manifest.quarantined > ROWS_SHOWN:
            progress.say(f"  … and {manifest.quarantined - ROWS_SHOWN:,} more in {manifest.folder}/quarantine.jsonl")


def _filling(kind: Kind, by: JsonValue) -> str:
    """What there would have to be for each split to get something."""
    if by == "steps":
        return "longer trajectories, or a larger share,"
    return "more rows, or segment," if kind == "trajectory" else "more rows"
