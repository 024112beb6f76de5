"""FamilyResult: what one probe family found about one norm, and how large the flaw rate may still be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scipy.special import betaincinv

from iirl_core.config.red_team import WRITTEN
from iirl_core.errors import InputError

CONFIDENCE = 0.95


def upper_bound(broken: int, judged: int) -> float:
    """One-sided 95% Clopper–Pearson bound of a rate: the largest rate under which as few as ``broken`` of ``judged``
    still happen with probability 5% (Clopper & Pearson 1934). 1 where nothing was judged. Exact, never optimistic.
    """
    if broken == judged:
        return 1.0
    return float(betaincinv(broken + 1, judged - broken, CONFIDENCE))


@dataclass(frozen=True)
class FamilyResult:
    """``asked`` probes of ``family`` about ``norm``; on ``spoken`` of them the norm had something to say (a search may
    end outside a norm's region, which proves nothing about it), and ``broken`` of these are findings. Of families that
    ask what the reward chose of a language model's answers all that was asked counts: an answer of which the norm does
    not speak is one that was chosen instead.
    ``steered`` probes were sent where flaws are likely: no sample of the family, so no rate is read off them.

    Raises:
        InputError: the counts do not fall in that order.
    """

    family: str
    norm: str
    asked: int
    spoken: int
    broken: int
    steered: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.broken <= self.spoken <= self.asked:
            raise InputError(
                f"{self.family} × {self.norm}: {self.asked} asked, {self.spoken} spoken, {self.broken} broken",
                "falling counts",
            )

    @property
    def judged(self) -> int:
        """The probes that a flaw rate is a share of."""
        return self.asked if self.family in WRITTEN else self.spoken

    @property
    def upper(self) -> float:
        """95% upper bound of the flaw rate among those that were ``judged``, in [0, 1]."""
        return upper_bound(self.broken, self.judged)


def together(results: Iterable[FamilyResult]) -> tuple[FamilyResult, ...]:
    """One of each family, norm and way of asking, in order."""
    counts: dict[tuple[str, str, bool], list[FamilyResult]] = {}
    for one in results:
        counts.setdefault((one.family, one.norm, one.steered), []).append(one)
    return tuple(
        FamilyResult(
            family,
            norm,
            asked=sum(one.asked for one in each),
            spoken=sum(one.spoken for one in each),
            broken=sum(one.broken for one in each),
            steered=steered,
        )
        for (family, norm, steered), each in sorted(counts.items(), key=lambda pair: pair[0])
    )
