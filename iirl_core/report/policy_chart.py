"""Policies: the mean reward of each against its mean golden score."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from iirl_core.evaluation.judge import PolicyMeans
from iirl_core.report.drawing import FAINT, FIRST, INK, PAPER, SECOND, inline_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def policy_chart(key: str, policies: Sequence[PolicyMeans], seen: Collection[str]) -> str:
    """An inline SVG; ``key`` is unique on the page. Points are numbered in the order of ``policies``, those that the
    reward learnt from (``seen``) in the other colour; lines are 95% intervals by prompt.
    """

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for number, one in enumerate(policies, start=1):
            colour = SECOND if one.name in seen else FIRST
            across, up = (half if isfinite(half) else 0.0 for half in (one.golden_half, one.reward_half))
            axes.errorbar(one.golden, one.reward, up, across, color=colour, ecolor=FAINT, elinewidth=1.1)
            axes.scatter(one.golden, one.reward, s=150, color=colour, linewidths=0, zorder=3)
            axes.annotate(
                str(number), (one.golden, one.reward), color=PAPER, fontsize=7.5, ha="center", va="center", zorder=4
            )
        axes.set(xlabel="mean golden score", ylabel="mean reward")
        axes.margins(0.08)
        axes.tick_params(colors=INK)

    return inline_svg(key, "Policies by mean golden score and mean reward", 6.6, 4.2, draw)
