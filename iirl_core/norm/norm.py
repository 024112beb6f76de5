"""A Norm: a typed rule that an audit checks, hard or soft, with a severity: CheckList's three kinds of test (Ribeiro et
al. 2020, arXiv 2005.04118), for rewards.

    ceiling     minimum functionality: every reward where the norm speaks is ≤ threshold
    floor       minimum functionality: every reward where the norm speaks is ≥ threshold
    direction   directional: the edit lowers the reward, reward(edited) − reward(original) ≤ threshold (usually ≤ 0);
                one that ``raises``: it raises it, reward(edited) − reward(original) ≥ threshold
    agreement   directional: a comparison's rejected answer earns less, reward(chosen) − reward(rejected) ≥ threshold
    invariance  invariance: the edit, or which of two answers, does not matter:
                |reward(edited) − reward(original)| ≤ threshold
    predicate   whatever a function says of inputs and rewards

A *hard* norm tolerates no open finding; a *soft* one tolerates a flaw rate up to its ``limit``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from iirl_core.demonstration import Comparison
from iirl_core.errors import ConfigError
from iirl_core.norm.matcher import Matcher
from iirl_core.norm.observed import Observed
from iirl_core.norm.predicate import Predicate
from iirl_core.norm.region import Measured


class NormKind(StrEnum):
    """How a norm is judged."""

    CEILING = "ceiling"
    FLOOR = "floor"
    DIRECTION = "direction"
    INVARIANCE = "invariance"
    AGREEMENT = "agreement"
    PREDICATE = "predicate"

    @property
    def pairs(self) -> bool:
        """Whether the norm compares two rewards: of an original and its edit, of a comparison's two answers."""
        return self in (NormKind.DIRECTION, NormKind.INVARIANCE, NormKind.AGREEMENT)

    @property
    def bounds(self) -> bool:
        """Whether the norm bounds one reward; of a pair it judges the edit alone."""
        return self in (NormKind.CEILING, NormKind.FLOOR)

    @property
    def checklist(self) -> str:
        """Its kind of test as CheckList names them (Ribeiro et al. 2020, arXiv 2005.04118)."""
        if self is NormKind.INVARIANCE:
            return "invariance"
        return "directional" if self.pairs else "minimum functionality"


@dataclass(frozen=True)
class Norm:
    """One rule. ``families`` names the probe families that ask about it; ``severity`` runs from 1 to 5; ``limit`` in
    [0, 1] is the flaw rate whose 95% upper bound the verdict allows per family; ``region`` (trajectories, ceiling and
    floor only) says which steps the norm speaks of, None for all; ``matches`` (conversations only) which inputs: those
    that all of them match. ``weight`` > 0 multiplies the severity where findings are ranked. An agreement has
    ``comparisons``, each with its source, and so may an invariance; a predicate has its function, and threshold 0.

    Raises:
        ConfigError: a number is out of its range, or the region does not fit the kind.
    """

    id: str
    kind: NormKind
    hard: bool
    severity: int
    threshold: float
    limit: float
    families: tuple[str, ...]
    rationale: str
    owner: str
    region: Measured | Observed | None = None
    matches: tuple[Matcher, ...] = ()
    weight: float = 1.0
    comparisons: tuple[tuple[str, Comparison], ...] = ()
    predicate: Predicate | None = None
    raises: bool = False

    @property
    def lowers(self) -> bool:
        """Whether a lower reward of the offender is what it asks for."""
        return self.kind in (NormKind.CEILING, NormKind.DIRECTION, NormKind.AGREEMENT) and not self.raises

    def __post_init__(self) -> None:
        if not 1 <= self.severity <= 5:
            raise ConfigError(f"norm {self.id!r} has severity {self.severity}", "1 to 5")
        if not 0 < self.weight < math.inf:
            raise ConfigError(f"norm {self.id!r} has weight {self.weight}", "a number above 0")
        if not 0 <= self.limit <= 1:
            raise ConfigError(f"norm {self.id!r} has limit {self.limit}", "a flaw rate in [0, 1]")
        low = -1.0 if self.kind.pairs else 0.0
        if not low <= self.threshold <= 1:
            raise ConfigError(f"norm {self.id!r} has threshold {self.threshold}", f"a number in [{low:g}, 1]")
        if self.kind in (NormKind.INVARIANCE, NormKind.AGREEMENT) and self.threshold < 0:
            raise ConfigError(f"norm {self.id!r} has threshold {self.threshold}", f"≥ 0 for an {self.kind}")
        may, must = self.kind in (NormKind.AGREEMENT, NormKind.INVARIANCE), self.kind is NormKind.AGREEMENT
        if (must and not self.comparisons) or (self.comparisons and not may):
            raise ConfigError(f"norm {self.id!r} is a {self.kind} with {len(self.comparisons)} comparisons")
        if (self.predicate is None) == (self.kind is NormKind.PREDICATE):
            raise ConfigError(f"norm {self.id!r} is a {self.kind}, and has a function or lacks one")
        if self.raises and self.kind is not NormKind.DIRECTION:
            raise ConfigError(f"norm {self.id!r} is a {self.kind} that raises", "a direction")
        if not self.families:
            raise ConfigError(f"norm {self.id!r} names no probe family", "at least one, or nothing ever tests it")
        if self.region is not None and not self.kind.bounds:
            raise ConfigError(f"norm {self.id!r} is a {self.kind} with a region", "a region only on a ceiling or floor")
