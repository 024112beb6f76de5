"""What passes because nobody judged it: norms that had nothing to say of what the reward picked, and former findings
whose norm is gone.

Of families that pick among a language model's answers every probe counts, also where the norm is silent, because
another answer was picked then. That proves nothing where no answer could have been such: the norm's matchers hold a
slip, or the language model never says what it speaks of. Counts cannot tell; whoever reads them can.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from iirl_core.audit.family_result import FamilyResult
from iirl_core.config.red_team import WRITTEN
from iirl_core.norm.norm import Norm
from iirl_core.probe.probe import Probe


def unjudged(norms: Iterable[Norm], former: Iterable[Probe]) -> tuple[str, ...]:
    """A line for each norm of ``former`` findings, asked again, that is none of ``norms`` any more."""
    there = {norm.id for norm in norms}
    gone = Counter(probe.norm for probe in former if probe.norm is not None and probe.norm not in there)
    return tuple(
        f"{norm}: {count:,} former findings are not judged, because the configuration has no such norm any more."
        for norm, count in sorted(gone.items())
    )


def unheard(norms: Iterable[Norm], families: Sequence[FamilyResult]) -> tuple[str, ...]:
    """A line for each norm and family of a round."""
    found = {(one.family, one.norm): one for one in families if not one.steered}
    return tuple(
        f"{norm.id} spoke of none of the {result.asked:,} answers that {family} picked: they passed it unread. Be sure "
        "that its matchers match, and that the language model can say what it speaks of."
        for norm in norms
        for family in norm.families
        if family in WRITTEN and (result := found.get((family, norm.id))) and result.asked and not result.spoken
    )
