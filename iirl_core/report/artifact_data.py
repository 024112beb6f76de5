"""What a report shows of the artifact, its chain and what was said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from iirl_core.canonical import Digest


@dataclass(frozen=True)
class Ancestor:
    """One artifact of the chain; ``made`` says how it came to be ("trained", "repaired: 41 patches")."""

    digest: Digest
    version: str
    made: str


@dataclass(frozen=True)
class CorpusFacts:
    """One corpus that was learnt from; ``rows`` were used, ``quarantined`` were put aside with their reasons."""

    name: str
    role: str
    rows: int
    quarantined: int
    digest: Digest


@dataclass(frozen=True)
class ArtifactFacts:
    """What the artifact is. ``lineage`` runs from the root to the parent, without the artifact itself; ``mode`` is
    *strict*, *frozen-policy* or *policy-adaptive*; ``supervision`` as the manifest declares it; ``encoder``,
    ``expertness`` and ``mapping`` are short descriptions for readers; ``created`` is a date and time as text ("" where
    only the log knows); ``forgotten`` tells of records that it forgot ("" where there are none).
    """

    name: str
    version: str
    digest: Digest
    kind: Literal["conversation", "trajectory"]
    mode: str
    supervision: str
    encoder: str
    expertness: str
    mapping: str
    created: str
    lineage: tuple[Ancestor, ...]
    corpora: tuple[CorpusFacts, ...]
    forgotten: str = ""


@dataclass(frozen=True)
class VerdictFacts:
    """Whether the audit passed, and each reason why not, one sentence each (why it did, if there is more to say)."""

    passed: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class RoundFacts:
    """One turn of the wheel. ``hard_flaws`` counts verified findings of hard norms; ``guard_min`` is the smallest share
    of its root reward that any guard point keeps; ``unseen_share`` is the share of unseen demonstration points that
    keep at least 0.95 of theirs (None: not measured in that round); ``held_out_rate`` of the questions of families that
    no repair saw broke a norm (None: there are none).
    """

    round: int
    digest: Digest
    probes: int
    findings: int
    verified: int
    flaws: int
    unsure: int
    hard_flaws: int
    repairs_added: int
    refused: int
    guard_min: float | None
    unseen_share: float | None
    held_out_rate: float | None = None


@dataclass(frozen=True)
class StatementFacts:
    """One signed statement about the artifact: its kind, the role and key that signed it, what it says in a sentence,
    when ("": not told; statements hold no time, the log does), and whether the signature was verified for this report.
    """

    kind: str
    role: str
    key: str
    says: str
    time: str
    verified: bool
