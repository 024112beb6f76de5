"""Learnt against true: the mean reward of each rollout's steps over its true return."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iirl_core.report.drawing import FIRST, INK, inline_svg
from iirl_core.report.evaluation_data import Rollouts

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def return_chart(key: str, rollouts: Rollouts) -> str:
    """An inline SVG; ``key`` is unique on the page."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.scatter(rollouts.returns, rollouts.rewards, s=34, color=FIRST, alpha=0.75, linewidths=0)
        axes.set(xlabel="true return", ylabel="mean reward of a step")
        axes.margins(0.05)
        axes.tick_params(colors=INK)

    return inline_svg(key, "Mean reward of rollouts over their true return", 6.6, 3.4, draw)
