"""Best-of-N curves: what the pick is worth, over N."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iirl_core.report.drawing import FIRST, INK, SECOND, inline_svg
from iirl_core.report.evaluation_data import Curve, Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DASHES = ((0, (5, 2)), (0, (1, 1.5)))


def curve_chart(key: str, panels: Sequence[Panel]) -> str:
    """An inline SVG with a panel beside the other; ``key`` is unique on the page."""

    def draw(figure: Figure) -> None:
        row = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, panel in zip(row, panels, strict=True):
            _draw_panel(axes, panel)
        handles, labels = row[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)

    return inline_svg(key, "Best of N: what the pick is worth", 9.2 if len(panels) > 1 else 6.6, 3.1, draw)


def _draw_panel(axes: Axes, panel: Panel) -> None:
    baselines = [curve for curve in panel.curves if curve.baseline]
    for curve in panel.curves:
        dash = _DASHES[baselines.index(curve) % len(_DASHES)] if curve.baseline else "solid"
        _draw_curve(axes, curve, dash)
    steps = sorted({n for curve in panel.curves for n, *_ in curve.points})
    axes.set_xscale("log", base=2)
    axes.set_xticks(steps, [f"{n:,}" for n in steps])
    axes.minorticks_off()
    axes.set_xlabel("N answers to pick from")
    axes.set_title(panel.title, loc="left")
    axes.tick_params(colors=INK)


def _draw_curve(axes: Axes, curve: Curve, dash: str | tuple[int, tuple[float, float]]) -> None:
    colour = SECOND if curve.baseline else FIRST
    n, values, lows, highs = zip(*curve.points, strict=True)
    band = [(x, low, high) for x, low, high in zip(n, lows, highs, strict=True) if low is not None]
    if band:
        across, low, high = zip(*band, strict=True)
        axes.fill_between(across, low, high, color=colour, alpha=0.16, linewidth=0)
    axes.plot(n, values, color=colour, linestyle=dash, marker="o", markersize=3.2, linewidth=1.6, label=curve.label)
