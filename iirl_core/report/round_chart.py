"""The turns of the wheel as two small charts: what was found, and what the repairs cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iirl_core.report.artifact_data import RoundFacts
from iirl_core.report.drawing import BAD, FAINT, FIRST, INK, SECOND, inline_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def round_chart(rounds: Sequence[RoundFacts]) -> str:
    """An inline SVG of flaws and repairs per round, beside the reward that known-good points keep."""
    numbers = [row.round for row in rounds]

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        _draw_counts(left, numbers, rounds)
        _draw_retained(right, numbers, rounds)
        for axes in (left, right):
            axes.set_xticks(numbers if len(numbers) <= 16 else numbers[:: len(numbers) // 8])
            axes.set_xlim(min(numbers) - 0.6, max(numbers) + 0.6)
            axes.set_xlabel("round")

    return inline_svg("rounds", "Hard flaws and repairs per round, and the reward that is retained", 9.2, 2.7, draw)


def _draw_counts(axes: Axes, numbers: list[int], rounds: Sequence[RoundFacts]) -> None:
    flaws, added = [row.hard_flaws for row in rounds], [row.repairs_added for row in rounds]
    found = axes.bar([n - 0.2 for n in numbers], flaws, width=0.38, color=BAD, label="hard flaws found")
    repaired = axes.bar([n + 0.2 for n in numbers], added, width=0.38, color=FIRST, label="repairs added")
    if len(numbers) <= 16:
        for bars in (found, repaired):  # beside thousands of flaws a dozen repairs have no height
            axes.bar_label(bars, padding=2, fontsize=8, color=INK)
    axes.set_title("Found and repaired", loc="left")
    axes.set_ylim(0, max(1, *flaws, *added) * 1.18)
    axes.locator_params(axis="y", integer=True, nbins=5)
    axes.legend(loc="upper right")


def _draw_retained(axes: Axes, numbers: list[int], rounds: Sequence[RoundFacts]) -> None:
    series = (
        ("lowest share that a guard point keeps", [row.guard_min for row in rounds], FIRST, "o"),
        ("share of unseen points that keep ≥ 0.95", [row.unseen_share for row in rounds], SECOND, "s"),
    )
    known = [value for _, values, _, _ in series for value in values if value is not None]
    for label, values, colour, marker in series:
        points = [(n, value) for n, value in zip(numbers, values, strict=True) if value is not None]
        if points:
            x, y = zip(*points, strict=True)
            axes.plot(x, y, color=colour, marker=marker, markersize=4, linewidth=1.6, label=label)
    axes.axhline(0.95, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
    axes.set_title("Known-good reward retained", loc="left")
    axes.set_ylim(min([0.9, *known]) - 0.02, 1.01)
    axes.locator_params(axis="y", nbins=6)
    if known:
        axes.legend(loc="lower left", fontsize=8.5)
