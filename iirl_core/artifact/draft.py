"""The draft of an artifact: what training hands over to be sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iirl_core.artifact.artifact import Artifact
from iirl_core.artifact.entries import CorpusEntry
from iirl_core.artifact.guard import Guard
from iirl_core.artifact.provenance import Provenance
from iirl_core.config import Config
from iirl_core.reward_model import RewardModel
from iirl_core.unlearning.forgotten import Forgotten


@dataclass(frozen=True, eq=False)
class ArtifactDraft:
    """What training hands over: a root, or a re-fit of ``parent``, whose guard set it has; where records were
    ``forgotten``, a guard set of its own. ``metrics`` are finite numbers by name; ``provenance`` is what it may claim;
    ``human``: people's labels shaped what it learnt from.
    """

    model: RewardModel
    guard: Guard
    config: Config
    corpora: tuple[CorpusEntry, ...]
    metrics: Mapping[str, float]
    provenance: Provenance
    parent: Artifact | None = None
    forgotten: Forgotten | None = None
    human: bool = False
