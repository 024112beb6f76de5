"""What a configuration's family learns from."""

from __future__ import annotations

from iirl_core.config import Config
from iirl_core.config.expertness import DiscriminatorSection, JointSection, MixtureSection
from iirl_core.config.sizes import with_size
from iirl_core.expertness import Expertness, build_expertness


def needs_negatives(config: Config) -> bool:
    """Whether the family's loss looks at negatives."""
    return _of_any_size(config).needs_negatives


def needs_pairs(config: Config) -> bool:
    """Whether the family's loss compares."""
    return _of_any_size(config).needs_pairs


def _of_any_size(config: Config) -> Expertness:
    section = config.expertness
    return build_expertness(with_size(section, 1, 1) if isinstance(section, MixtureSection) else section, width=1)


def corrupted_shares(config: Config) -> dict[str, float]:
    """Corrupted negatives per demonstration, by kind."""
    section = config.expertness
    return section.corrupted.shares() if isinstance(section, DiscriminatorSection | JointSection) else {}
