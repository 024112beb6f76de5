"""How rewards are distributed: of what should be rewarded, and of what should not; before and after repair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from iirl_core.report.drawing import FIRST, INK, SECOND, inline_svg
from iirl_core.report.figure_data import Distribution, RewardGroup

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BINS = np.linspace(0.0, 1.0, 41)
_DASHES = ("solid", (0, (4, 2)), (0, (1, 1.5)))


def reward_chart(groups: Sequence[RewardGroup]) -> str:
    """An inline SVG with one panel before and one after, each group as the share of its inputs per reward bin."""

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, sharey=True)
        _draw_panel(left, "Before: the root artifact", [(group, group.before) for group in groups])
        _draw_panel(right, "After: this artifact", [(group, group.after) for group in groups])
        left.set_ylabel("share of the group (%)")
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(len(groups), 3))

    return inline_svg("rewards", "Distribution of rewards before and after repair", 9.2, 3.1, draw)


def distribution_chart(key: str, distributions: Sequence[Distribution]) -> str:
    """An inline SVG of one panel; ``key`` is unique on the page."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        draw_distributions(axes, distributions)
        axes.set_ylabel("share of the group (%)")
        figure.legend(loc="outside lower center", ncols=min(len(distributions), 2))

    return inline_svg(key, "Distribution of rewards", 6.6, 2.9, draw)


def _draw_panel(axes: Axes, title: str, groups: Sequence[tuple[RewardGroup, NDArray[np.floating]]]) -> None:
    shown = [Distribution(group.name, group.role == "demonstrations", rewards) for group, rewards in groups]
    draw_distributions(axes, shown)
    axes.set_title(title, loc="left")


def draw_distributions(axes: Axes, distributions: Sequence[Distribution]) -> None:
    """Each group as the share of its inputs per reward bin; what should be rewarded in one colour, the rest in the
    other.
    """
    drawn = {True: 0, False: 0}
    for group in distributions:
        colour = FIRST if group.good else SECOND
        dash = _DASHES[drawn[group.good] % len(_DASHES)]
        drawn[group.good] += 1
        shares = np.histogram(np.clip(group.rewards, 0, 1), _BINS)[0] / max(1, len(group.rewards)) * 100
        axes.stairs(shares, _BINS, color=colour, fill=True, alpha=0.16)
        label = f"{group.name} ({len(group.rewards):,})"
        axes.stairs(shares, _BINS, color=colour, linewidth=1.5, linestyle=dash, label=label)
    axes.set_xlim(-0.01, 1.01)
    axes.set_xlabel("reward")
    axes.tick_params(colors=INK)
