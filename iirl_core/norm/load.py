"""Norms as their owners wrote them in the configuration → Norms."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from iirl_core.config.config import Config
from iirl_core.config.norms import (
    BoundsSection,
    DistanceSection,
    GeometrySection,
    NormSection,
    RegionKind,
    VelocitySection,
)
from iirl_core.demonstration import Comparison
from iirl_core.errors import ConfigError, InputError, one_line
from iirl_core.norm.contradiction import check_contradictions
from iirl_core.norm.matcher import matcher_of
from iirl_core.norm.norm import Norm, NormKind
from iirl_core.norm.number import NUMBER
from iirl_core.norm.observed import Observed
from iirl_core.norm.predicate import Predicate, predicate_of
from iirl_core.norm.region import Bounds, Measured, Region, Velocity
from iirl_core.records import Quarantined, RawRecord, RecordFile, open_records, parse_comparison


def norms_of(config: Config) -> tuple[Norm, ...]:
    """All norms of ``config``, in its order; geometries and comparisons are read from their files.

    Raises:
        ConfigError: two norms share an id or contradict each other, one has the id of ``NUMBER``, a number is out of
            range, a geometry or a comparison cannot be read, or a predicate's module cannot be found.
    """
    norms = tuple(_norm(section) for section in config.norms)
    ids = [norm.id for norm in norms]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        raise ConfigError(f"norms: the id {twice[0]!r} is used twice", "one id a norm")
    if NUMBER.id in ids:
        raise ConfigError(f"norms: the id {NUMBER.id!r} is that of a norm which every audit has", "another id")
    check_contradictions(norms)
    return norms


def _norm(section: NormSection) -> Norm:
    return Norm(
        id=section.id,
        kind=NormKind(section.kind),
        hard=section.hard,
        severity=section.severity,
        threshold=section.threshold or 0.0,
        limit=section.limit,
        families=tuple(section.families),
        rationale=section.rationale,
        owner=section.owner,
        region=None if section.region is None else _region(section.id, section.region),
        matches=tuple(matcher_of(matcher) for matcher in section.matches),
        weight=section.weight,
        comparisons=tuple(_comparisons(section)),
        predicate=_predicate(section),
        raises=section.raises,
    )


def _predicate(section: NormSection) -> Predicate | None:
    if section.function is None:
        return None
    try:
        return predicate_of(section.function, section.seconds)
    except ConfigError as error:
        raise ConfigError(f"norm {section.id!r}: {error.wrong}", error.expected) from error


def _comparisons(section: NormSection) -> Iterator[tuple[str, Comparison]]:
    """All of its files, each with its record's own source or its file's name (``stem``)."""
    for pattern in section.files:
        paths = sorted(path for path in glob.glob(pattern, recursive=True) if Path(path).is_file())
        if not paths:
            raise ConfigError(f"norm {section.id!r}: no file at {pattern}", "a path or a glob of comparisons")
        for file in map(RecordFile, paths):
            rows = 0
            for row in open_records(file):
                rows += 1
                yield _comparison(section.id, file, row)
            if not rows:
                raise ConfigError(f"norm {section.id!r}: {file.path} is empty", "comparisons: chosen and rejected")


def _comparison(norm: str, file: RecordFile, row: RawRecord | Quarantined) -> tuple[str, Comparison]:
    """A row that cannot be read is refused: left out, its agreement would never be asked."""
    place = f"norm {norm!r}: {row.file}:{row.line}"
    if isinstance(row, Quarantined):
        raise ConfigError(f"{place} {row.reason}", "a comparison")
    try:
        comparison = parse_comparison(row.document)
    except InputError as error:
        raise ConfigError(f"{place} {one_line(error).rstrip('.')}", "a comparison") from error
    source = row.document.get("source") if isinstance(row.document, Mapping) else None
    return (source if isinstance(source, str) and source else file.stem), comparison


def _region(norm: str, section: RegionKind) -> Measured | Observed:
    match section:
        case GeometrySection():
            return _around(norm, section)
        case DistanceSection():
            return Observed("distance", section.observed)
        case BoundsSection() if section.observed is not None:
            return Observed("bounds", section.observed)
        case BoundsSection():
            return Bounds(np.array(section.low), np.array(section.high))
        case VelocitySection() if section.observed is not None:
            return Observed("velocity", section.observed)
        case VelocitySection():
            high = np.array(section.most or section.high, dtype=np.float64)
            return Velocity(-high if section.most else np.array(section.low, dtype=np.float64), high)


def _around(norm: str, section: GeometrySection) -> Region:
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
