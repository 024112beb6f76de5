"""Norms as documents: what an audit's statement pins when it says which rules were checked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iirl_core.canonical import Digest, JsonValue, digest_bytes, digest_json
from iirl_core.norm.norm import Norm
from iirl_core.norm.observed import Observed
from iirl_core.norm.region import Bounds, Measured, Region, Velocity
from iirl_core.records import document_of


def norm_document(norm: Norm) -> dict[str, JsonValue]:
    """Every field of ``norm``; a region's geometry stands as the digest of its float64 bytes, a model as that of its
    weights, comparisons as that of their texts, a predicate as that of its source.
    """
    return {
        "id": norm.id,
        "kind": norm.kind.value,
        "hard": norm.hard,
        "severity": norm.severity,
        "weight": norm.weight,
        "threshold": norm.threshold,
        "limit": norm.limit,
        "families": list(norm.families),
        "rationale": norm.rationale,
        "owner": norm.owner,
        "matches": [matcher.document() for matcher in norm.matches],
        "comparisons": _comparisons_digest(norm),
        "predicate": None if norm.predicate is None else dict(vars(norm.predicate)),
        "region": None if norm.region is None else region_document(norm.region),
        **({"raises": True} if norm.raises else {}),
    }


def _comparisons_digest(norm: Norm) -> Digest | None:
    if not norm.comparisons:
        return None
    documents = [[source, document_of(one.chosen), document_of(one.rejected)] for source, one in norm.comparisons]
    return digest_json(documents)


def region_document(region: Measured | Observed) -> dict[str, JsonValue]:
    """All that decides where it lies."""
    match region:
        case Region():
            geometry = np.ascontiguousarray(region.geometry, dtype="<f8")
            document: dict[str, JsonValue] = {
                "geometry": digest_bytes(geometry.tobytes()),
                "points": len(geometry),
                "beyond": region.beyond,
                "low": region.low.tolist(),
                "high": region.high.tolist(),
            }
            return document if region.unit is None else {**document, "unit": region.unit.tolist()}
        case Bounds():
            return {"below": region.low.tolist(), "above": region.high.tolist()}
        case Velocity():
            if (region.low == -region.high).all():
                return {"faster": region.high.tolist()}
            return {"slower": region.low.tolist(), "faster": region.high.tolist()}
        case Observed():
            return {"observed": region.kind, "margin": region.margin}


def norms_digest(norms: Sequence[Norm]) -> Digest:
    """One digest for the whole set, whatever its order."""
    return digest_json([norm_document(norm) for norm in sorted(norms, key=lambda norm: norm.id)])
