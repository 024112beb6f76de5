"""Contradictions: two norms that no reward can hold to at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from iirl_core.canonical import canonical_json
from iirl_core.errors import ConfigError
from iirl_core.norm.document import region_document
from iirl_core.norm.norm import Norm, NormKind
from iirl_core.norm.orders import clash_of, orders_of, sides_of


def check_contradictions(norms: Sequence[Norm]) -> None:
    """Refuse a floor above a ceiling, and an edit that must lower or raise the reward by more than it may, wherever one
    of the two norms speaks of all that the other speaks of, when the same family asks; a comparison whose answers
    are to lie farther apart than they may; and comparisons of agreements, or of one, that no reward can follow together
    (``orders.py``).

    Raises:
        ConfigError: norms contradict each other; all of them are named. Or one contradicts itself.
    """
    _check_orders([norm for norm in norms if norm.kind is NormKind.AGREEMENT])
    for one, other in combinations(norms, 2):
        why = _clash(one, other) or _clash(other, one)
        shared = [family for family in one.families if family in other.families]
        if why and shared and (_within(one, other) or _within(other, one)):
            raise ConfigError(
                f"norms {one.id!r} and {other.id!r} contradict each other about {shared[0]}: {why}",
                "norms that one reward can hold to",
                "Mend a threshold or a comparison, or let them speak of different inputs",
            )


def _clash(one: Norm, other: Norm) -> str:
    """Why no reward satisfies both, in this order of the two; "" where one might."""
    match one.kind, other.kind:
        case NormKind.FLOOR, NormKind.CEILING if one.threshold > other.threshold:
            return f"a floor of {one.threshold:g} above a ceiling of {other.threshold:g}"
        case NormKind.DIRECTION, NormKind.DIRECTION if (
            one.raises and not other.raises and one.threshold > other.threshold
        ):
            return f"an edit raises the reward by at least {one.threshold:g}, and by at most {other.threshold:g}"
        case NormKind.DIRECTION, NormKind.INVARIANCE if one.raises and one.threshold > other.threshold:
            return f"an edit raises the reward by {one.threshold:g}, and changes it by at most {other.threshold:g}"
        case NormKind.DIRECTION, NormKind.INVARIANCE if not one.raises and -one.threshold > other.threshold:
            return f"an edit lowers the reward by {-one.threshold:g}, and changes it by at most {other.threshold:g}"
        case NormKind.AGREEMENT, NormKind.INVARIANCE if one.threshold > other.threshold and _compared(one, other):
            return f"a comparison's answers {one.threshold:g} apart, and at most {other.threshold:g}"
        case _:
            return ""


def _compared(one: Norm, other: Norm) -> bool:
    """Whether some two answers stand in comparisons of both, in any order."""
    sides = [{frozenset(sides_of(each)) for _, each in norm.comparisons} for norm in (one, other)]
    return not sides[0].isdisjoint(sides[1])


def _check_orders(agreements: Sequence[Norm]) -> None:
    """Each alone, then with the others that speak of all that it speaks of."""
    orders = {norm.id: orders_of(norm) for norm in agreements}
    alone = [[norm] for norm in agreements]
    together = [[other for other in agreements if _within(norm, other)] for norm in agreements]
    for norm, group in zip([*agreements] * 2, [*alone, *together], strict=True):
        clash = clash_of([order for one in group for order in orders[one.id]], norm.id)
        if clash is None:
            continue
        if len(clash.norms) == 1:
            raise ConfigError(f"norm {norm.id!r} contradicts itself: {clash.why}", "one order of its answers")
        *before, last = [repr(one.id) for one in agreements if one.id in clash.norms]
        raise ConfigError(
            f"norms {', '.join(before)} and {last} contradict each other about pairs: {clash.why}",
            "norms that one reward can hold to",
            "Mend a threshold or a comparison, or let them speak of different inputs",
        )


def _within(one: Norm, other: Norm) -> bool:
    """Whether ``other`` speaks of all that ``one`` speaks of: it asks for no more."""
    regions = [None if norm.region is None else canonical_json(region_document(norm.region)) for norm in (one, other)]
    matchers = [set(norm.matches) for norm in (one, other)]
    return regions[1] in (None, regions[0]) and matchers[1] <= matchers[0]
