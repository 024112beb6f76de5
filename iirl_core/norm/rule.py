"""A norm's rule in a line, for people."""

from __future__ import annotations

from iirl_core.norm.norm import Norm, NormKind
from iirl_core.norm.observed import Observed
from iirl_core.norm.region import Bounds, Measured, Region, Velocity

_WAYS = {"distance": "away from", "bounds": "outside the bounds of", "velocity": "moving faster or slower than"}


def rule_of(norm: Norm) -> str:
    """What it asks for, and of what: ``reward ≤ 0.1 outside the bounds``."""
    where = _where(norm.region)
    rule = {
        NormKind.CEILING: f"reward ≤ {norm.threshold:g}{where}",
        NormKind.FLOOR: f"reward ≥ {norm.threshold:g}{where}",
        NormKind.DIRECTION: f"edited − original {'≥' if norm.raises else '≤'} {norm.threshold:g}",
        NormKind.INVARIANCE: f"|edited − original| ≤ {norm.threshold:g}",
        NormKind.AGREEMENT: f"chosen − rejected ≥ {norm.threshold:g}",
        NormKind.PREDICATE: norm.predicate.function if norm.predicate else "",
    }[norm.kind]
    spoken_of = " and ".join(f"where {matcher.told()}" for matcher in norm.matches)
    return f"{rule} {spoken_of}".rstrip()


def _where(region: Measured | Observed | None) -> str:
    match region:
        case Region():
            what = "geometry" if region.unit is None else "demonstrations"
            return f" farther than {region.beyond:g} from the {what}"
        case Bounds():
            return " outside the bounds"
        case Velocity():
            return " moving faster or slower than the limits"
        case Observed():
            return f" {_WAYS[region.kind]} the demonstrations (margin {region.margin:g})"
        case None:
            return ""
