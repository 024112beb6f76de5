"""Whose answers a corpus holds, where a policy wrote them: what an artifact's mode follows from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from iirl_core.corpus.manifest import CorpusManifest
from iirl_core.errors import Tampered

Sampled = Literal["fixed", "moving"]


@dataclass(frozen=True)
class Origin:
    """``policy`` is a name, or a digest in the store; ``sampled`` says whether that policy stayed as it was (``fixed``)
    or was updated between samples (``moving``).
    """

    policy: str
    sampled: Sampled


def origin_of(manifest: CorpusManifest) -> Origin | None:
    """What the corpus recorded under ``origin`` when it was made (``corpora[].origin``, or the sampling itself); None
    for data that no policy was sampled for.

    Raises:
        Tampered: something else is recorded there.
    """
    recorded = manifest.config.get("origin") if isinstance(manifest.config, Mapping) else None
    if recorded is None:
        return None
    if isinstance(recorded, Mapping):
        policy, sampled = recorded.get("policy"), recorded.get("sampled")
        if isinstance(policy, str) and policy and sampled in ("fixed", "moving"):
            return Origin(policy, cast(Sampled, sampled))
    raise Tampered(f"corpus {manifest.name} records the origin {recorded!r}", "a policy, sampled fixed or moving")
