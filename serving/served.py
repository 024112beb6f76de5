"""Which release is served: what every answer names of it, and the rules by which it judges."""

from __future__ import annotations

from dataclasses import dataclass

from iirl_core.canonical import Digest
from iirl_core.enforcement import Thresholds


@dataclass(frozen=True)
class Served:
    """One release of one artifact, fixed when the server starts: no answer mixes versions.

    ``release`` and ``audit`` are the digests of the signed statements; ``kind`` is what it reads (``conversation`` or
    ``trajectory``). ``known_good`` is the lowest reward that a known-good input may have: no escalated one gets more.
    """

    name: str
    channel: str
    version: str
    digest: Digest
    release: str
    audit: str
    kind: str
    mode: str
    supervision: str
    thresholds: Thresholds
    known_good: float

    @property
    def references(self) -> tuple[str, str, str]:
        """What a request may call it: the first is the one we list."""
        return f"{self.name}@{self.channel}", self.name, self.digest

    @property
    def headers(self) -> dict[str, str]:
        """Sent with every response, so that a trainer can log which reward model answered."""
        return {
            "X-IIRL-Artifact-Digest": self.digest,
            "X-IIRL-Artifact-Version": self.version,
            "X-IIRL-Release": self.release,
        }
