"""The norm that nobody has to write: a reward is a number. Every probe is held to it, whatever family asks.

A norm in a region, or about what matchers match, says nothing of the rest: without this one, a reward that is not a
number would be a finding only where somebody thought of it, and there a finding of every norm, be it a soft one. It is
one of this norm instead, once, and hard: what is not a number can be neither compared nor enforced. A former finding
whose reward is not a number now is found by its own norm, too: nothing mended it.
"""

from __future__ import annotations

from collections.abc import Sequence

from iirl_core.norm.norm import Norm, NormKind

NUMBER = Norm(
    id="is-a-number",
    kind=NormKind.FLOOR,
    hard=True,
    severity=5,
    threshold=0.0,
    limit=0.0,
    families=("any",),
    rationale="a reward is a number from 0 to 1: what is none can be neither compared nor enforced",
    owner="iirl",
)
"""A floor of 0, which every number keeps."""


def norm_of(norms: Sequence[Norm], name: str) -> Norm | None:
    """The one of ``norms``, or ``NUMBER``, with the id ``name``; None where there is no such norm (any more)."""
    return next((norm for norm in (*norms, NUMBER) if norm.id == name), None)
