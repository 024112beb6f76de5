"""Reliability: of the records with a reward of so much, how many are demonstrations?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iirl_core.report.drawing import FAINT, FIRST, INK, inline_svg
from iirl_core.report.evaluation_data import Diagram

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 3
"""Diagrams side by side."""


def reliability_chart(key: str, diagrams: Sequence[Diagram]) -> str:
    """An inline SVG of the first ``MOST`` diagrams; ``key`` is unique on the page. A dot's area is its bin's mass."""
    shown = diagrams[:MOST]

    def draw(figure: Figure) -> None:
        for axes, diagram in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
            bins = diagram.reliability
            axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
            axes.plot(bins.rewards, bins.shares, color=FIRST, linewidth=1.2, alpha=0.6)
            axes.scatter(bins.rewards, bins.shares, s=bins.masses * 400, color=FIRST, linewidths=0, zorder=3)
            axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xlabel="mean reward of the bin", aspect="equal")
            axes.set_title(f"{diagram.contrast}: error {diagram.error:.3f}", loc="left")
            axes.tick_params(colors=INK)
        figure.axes[0].set_ylabel("share of demonstrations")

    return inline_svg(key, "Reliability diagram", max(6.6, 0.6 + 3.0 * len(shown)), 3.3, draw)
