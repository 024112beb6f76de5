"""Norms as their owners wrote them in the configuration → Norms."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from iirl_core.config.config import Config
from iirl_core.config.norms import NormSection, RegionSection
from iirl_core.errors import ConfigError
from iirl_core.norm.contradiction import check_contradictions
from iirl_core.norm.matcher import matcher_of
from iirl_core.norm.norm import Norm, NormKind
from iirl_core.norm.region import Region


def norms_of(config: Config) -> tuple[Norm, ...]:
    """All norms of ``config``, in its order; geometries are read from their CSV files.

    Raises:
        ConfigError: two norms share an id or contradict each other, a number is out of range, or a geometry cannot be
            read.
    """
    norms = tuple(_norm(section) for section in config.norms)
    ids = [norm.id for norm in norms]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        raise ConfigError(f"norms: the id {twice[0]!r} is used twice", "one id a norm")
    check_contradictions(norms)
    return norms


def _norm(section: NormSection) -> Norm:
    return Norm(
        id=section.id,
        kind=NormKind(section.kind),
        hard=section.hard,
        severity=section.severity,
        threshold=section.threshold,
        limit=section.limit,
        families=tuple(section.families),
        rationale=section.rationale,
        owner=section.owner,
        region=None if section.region is None else _region(section.id, section.region),
        matches=tuple(matcher_of(matcher) for matcher in section.matches),
        weight=section.weight,
    )


def _region(norm: str, section: RegionSection) -> Region:
    path = Path(section.geometry)
    try:
        geometry = np.loadtxt(path, delimiter=",", dtype=np.float64, ndmin=2)
    except FileNotFoundError as error:
        raise ConfigError(
            f"norm {norm!r}: no geometry at {path}", "a CSV file, one point a line", "Run the script that makes it"
        ) from error
    except (ValueError, OSError) as error:
        raise ConfigError(
            f"norm {norm!r}: {path} is not a table of numbers ({error})", "a CSV without a header"
        ) from error
    if not np.isfinite(geometry).all() or geometry.size == 0:
        raise ConfigError(f"norm {norm!r}: {path} holds no points, or NaN or infinity", "finite numbers")
    return Region(geometry, section.beyond, np.array(section.low, dtype=np.float64), np.array(section.high))
