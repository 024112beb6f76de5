"""What the report says of the last audit: what it asked, by whose norms, and what it did not look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from iirl_core.audit import Audit
from iirl_core.audit.unheard import unheard
from iirl_core.config.red_team import WRITTEN
from iirl_core.norm import NUMBER, Norm
from iirl_core.report import CoverageCell


def coverage_cells(audit: Audit) -> tuple[CoverageCell, ...]:
    """Every family against every norm that it asked about."""
    return tuple(
        CoverageCell(result.family, result.norm, result.asked, result.broken, result.upper)
        for result in audit.families
        if not result.steered
    )


def judged_by(norms: Sequence[Norm], audit: Audit) -> tuple[Norm, ...]:
    """The norms that the last audit has counts of: also ``NUMBER``, where a reward was none, as that of the families
    that found so.
    """
    lost = tuple(result.family for result in audit.families if result.norm == NUMBER.id and not result.steered)
    return (*norms, replace(NUMBER, families=lost)) if lost else tuple(norms)


def gaps_of(norms: Sequence[Norm], audit: Audit) -> tuple[str, ...]:
    """What the last audit did not look at."""
    moving = f"{audit.moving:,} probes were samples of moving policies: this audit is policy-adaptive."
    gaps = [moving] if audit.moving else []
    for norm in norms:
        for family in norm.families:
            found = [r for r in audit.families if (r.family, r.norm) == (family, norm.id)]
            asked, spoken = sum(r.asked for r in found), sum(r.spoken for r in found)
            if asked == 0:
                gaps.append(f"{family} asked nothing about {norm.id}.")
            elif spoken < asked / 2 and (spoken or family not in WRITTEN):
                gaps.append(f"{norm.id} speaks of only {spoken:,} of the {asked:,} probes of {family}.")
    gaps += unheard(norms, audit.families)
    if audit.unplaced:
        gaps.append(
            f"{audit.unplaced:,} rows of what was asked are not numbers: they have no place, and cover nothing."
        )
    gaps += [f"No demonstration shows what is right in situations like: {kind}." for kind in audit.unshown]
    return tuple(gaps)
