"""Whether ingest left trajectories as whole as the configuration, which may have changed since, scores them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from iirl_core.canonical import JsonValue
from iirl_core.config.encoding import TrajectoryEncoderSection
from iirl_core.corpus import Corpus, CorpusManifest
from iirl_core.errors import ConfigError

AGAIN = "Run: iirl ingest CONFIG.yaml"


def check_wholeness(corpora: Iterable[Corpus], encoder: TrajectoryEncoderSection) -> None:
    """Nothing to do where no corpus was cut into segments that ``encoder`` needs whole, nor split by steps while it
    was not told of a horizon that is charged now: its parts do not say that their trajectories ended early.

    Raises:
        ConfigError: one was.
    """
    for corpus in corpora:
        _check_segments(corpus.manifest, encoder)
        if encoder.horizon is not None:
            _check_ends(corpus.manifest, encoder.horizon)


def _check_segments(manifest: CorpusManifest, encoder: TrajectoryEncoderSection) -> None:
    steps = _recorded(manifest).get("segment")
    if steps is not None and (encoder.horizon is not None or encoder.emphasis == "departure"):
        why = "terminal: absorbing" if encoder.horizon is not None else "emphasis: departure"
        raise ConfigError(
            f"corpus {manifest.name} was ingested in segments of {steps} steps", f"whole ones, for encoder.{why}", AGAIN
        )


def _check_ends(manifest: CorpusManifest, horizon: int) -> None:
    """A corpus whose horizon was longer quarantined all that ended before this one, too."""
    recorded = _recorded(manifest)
    split, charged = recorded.get("split"), recorded.get("horizon")
    if not isinstance(split, Mapping) or split.get("by") != "steps":
        return
    if not isinstance(charged, int) or charged < horizon:
        so_far = f"a horizon of {charged}" if isinstance(charged, int) else "encoder.terminal: ignored"
        raise ConfigError(
            f"corpus {manifest.name} was split by its steps under {so_far}, so that its parts may hide lives that ended"
            " early",
            f"one that was ingested under encoder.terminal: absorbing with a horizon of at least {horizon}",
            AGAIN,
        )


def _recorded(manifest: CorpusManifest) -> Mapping[str, JsonValue]:
    return manifest.config if isinstance(manifest.config, Mapping) else {}
