"""Contradictions: two norms that no reward can hold to at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from iirl_core.canonical import Digest, canonical_json
from iirl_core.corpus.identity import identity_of, plain_identity
from iirl_core.demonstration import Comparison
from iirl_core.errors import ConfigError
from iirl_core.norm.document import region_document
from iirl_core.norm.norm import Norm, NormKind

SHOWN = 60
"""Characters of a text."""


def check_contradictions(norms: Sequence[Norm]) -> None:
    """Refuse a floor above a ceiling, and an edit that must lower or raise the reward by more than it may, wherever one
    of the two norms speaks of all that the other speaks of, when the same family asks; a comparison whose answers
    are to lie farther apart than they may; and two comparisons of agreements, or of one, that prefer opposite answers.

    Raises:
        ConfigError: two norms contradict each other; both are named. Or one contradicts itself.
    """
    for norm in norms:
        if why := _opposed(norm, norm):
            raise ConfigError(f"norm {norm.id!r} contradicts itself: {why}", "one order of two answers")
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
            return _opposed(one, other)


def _compared(one: Norm, other: Norm) -> bool:
    """Whether some two answers stand in comparisons of both, in any order."""
    sides = [{frozenset(_sides(each)) for _, each in norm.comparisons} for norm in (one, other)]
    return not sides[0].isdisjoint(sides[1])


def _opposed(one: Norm, other: Norm) -> str:
    """The first comparison of ``one`` whose rejected answer an agreement ``other`` prefers; "" where there is none.
    Whatever the thresholds are: who means that both answers earn the same writes an invariance.
    """
    if {one.kind, other.kind} != {NormKind.AGREEMENT}:
        return ""
    preferred = {_sides(each) for _, each in other.comparisons}
    for _, each in one.comparisons:
        if _sides(each)[::-1] in preferred:
            asked = f" to {_quoted(each.chosen.context[-1].content)}" if each.chosen.context else ""
            answers = f"{_quoted(each.chosen.answer)} and {_quoted(each.rejected.answer)}"
            return f"of the answers {answers}{asked} each is chosen"
    return ""


def _sides(comparison: Comparison) -> tuple[Digest, Digest]:
    """Chosen and rejected by what they say; case and white space count only where nothing else tells them apart."""
    chosen, rejected = comparison.chosen, comparison.rejected
    plain = plain_identity(chosen.messages), plain_identity(rejected.messages)
    return plain if plain[0] != plain[1] else (identity_of(chosen), identity_of(rejected))


def _quoted(text: str) -> str:
    """On one line, of at most ``SHOWN`` characters."""
    line = " ".join(text.split())
    return repr(line if len(line) <= SHOWN else line[: SHOWN - 1] + "…")


def _within(one: Norm, other: Norm) -> bool:
    """Whether ``other`` speaks of all that ``one`` speaks of: it asks for no more."""
    regions = [None if norm.region is None else canonical_json(region_document(norm.region)) for norm in (one, other)]
    matchers = [set(norm.matches) for norm in (one, other)]
    return regions[1] in (None, regions[0]) and matchers[1] <= matchers[0]
