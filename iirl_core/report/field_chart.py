"""The reward over observation space, before and after repair, and where flaws and kernels lie (2-D and 3-D only)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from iirl_core.report.drawing import INK, inline_svg
from iirl_core.report.place_data import RewardField

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

LOWEST = 1e-3
"""Rewards below are drawn as this: the colour scale is logarithmic, since limits are far below 1."""

# What lies in bitmaps cannot follow the page's colours: these read on light and on dark.
_PATH, _FLAW, _KERNEL = "#e8912d", "#d6453d", "#3b82c4"


def field_chart(field: RewardField) -> str:
    """An inline SVG of the field before (upper row) and after (lower row).

    Two dimensions are shown as they are; three as the highest reward along each axis, so that nothing that pays is
    hidden behind something that does not.
    """

    def draw(figure: Figure) -> None:
        panels = _projections(field)
        grid = figure.subplots(2, len(panels), squeeze=False)
        for row, (when, values) in enumerate((("before", field.before), ("after", field.after))):
            for column, (along, i, j) in enumerate(panels):
                image = _draw_panel(grid[row][column], field, values, (along, i, j))
                points = (field.flaws, _FLAW) if when == "before" else (field.kernels, "#ffffff")
                _draw_points(grid[row][column], field, points, (i, j))
                where = f", highest along {field.axes[along]}" if along is not None else ""
                grid[row][column].set_title(f"{when.capitalize()}{where}", loc="left")
        bar = figure.colorbar(image, ax=grid, shrink=0.6, extend="min", ticks=[1, 0.1, 0.01, 0.001], format="%g")
        bar.minorticks_off()
        bar.set_label("reward (logarithmic)")
        bar.outline.set_visible(False)

    columns = len(_projections(field))
    return inline_svg("field", "The reward field before and after repair", 1.2 + 2.9 * columns, 6.2, draw)


def place_chart(field: RewardField) -> str:
    """An inline SVG of the demonstrations, the flaws and the kernels as points in observation space."""
    groups = (
        (field.demonstrations, _PATH, ".", 5.0, "demonstrations"),
        (field.flaws, _FLAW, "x", 16.0, f"flaws ({len(field.flaws):,})"),
        (field.kernels, _KERNEL, "o", 30.0, f"kernels ({len(field.kernels):,})"),
    )

    def draw(figure: Figure) -> None:
        from matplotlib.ticker import MaxNLocator

        solid = len(field.axes) == 3
        axes: Any = figure.add_subplot(projection="3d" if solid else None)  # Axes3D has no types
        whole = {"depthshade": False} if solid else {}
        for points, colour, marker, size, label in groups:
            style = {"facecolors": "none", "edgecolors": colour} if marker == "o" else {"color": colour}
            axes.scatter(
                *points.T, marker=marker, s=size, linewidths=0.9, label=label, rasterized=True, **style, **whole
            )
        limits = list(zip(field.low, field.high, strict=True))
        for name, label, (low, high) in zip("xyz", field.axes, limits, strict=False):
            ticks = [tick for tick in MaxNLocator(4).tick_values(low, high) if low <= tick <= high]
            axes.set(**{f"{name}label": label, f"{name}lim": (low, high), f"{name}ticks": ticks})
        if solid:
            for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
                axis.set_pane_color((0.5, 0.5, 0.5, 0.06))
            axes.view_init(elev=24, azim=-62)
            axes.set_box_aspect(None, zoom=1.1)
        figure.legend(loc="outside right upper", markerscale=1.4)

    return inline_svg("places", "Demonstrations, flaws and kernels in observation space", 7.4, 5.0, draw)


def _projections(field: RewardField) -> list[tuple[int | None, int, int]]:
    """(the axis that is looked along, the horizontal one, the vertical one) of each panel."""
    if len(field.axes) == 2:
        return [(None, 0, 1)]
    return [(2, 0, 1), (1, 0, 2), (0, 1, 2)]


def _draw_panel(
    axes: Axes, field: RewardField, values: NDArray[np.floating], view: tuple[int | None, int, int]
) -> AxesImage:
    from matplotlib.colors import LogNorm

    along, i, j = view
    plane = values if along is None else values.max(axis=along)
    image = axes.imshow(
        np.maximum(plane, LOWEST).T,
        origin="lower",
        extent=(field.low[i], field.high[i], field.low[j], field.high[j]),
        norm=LogNorm(LOWEST, 1.0),
        cmap="viridis",
        interpolation="nearest",
    )
    axes.set_xlabel(field.axes[i], color=INK)
    axes.set_ylabel(field.axes[j], color=INK)
    return image


def _draw_points(
    axes: Axes, field: RewardField, points: tuple[NDArray[np.floating], str], plane: tuple[int, int]
) -> None:
    (i, j), path, (marked, colour) = plane, field.demonstrations, points
    axes.set(xlim=(field.low[i], field.high[i]), ylim=(field.low[j], field.high[j]))
    axes.scatter(path[:, i], path[:, j], s=1.2, color=_PATH, linewidths=0, rasterized=True)
    if colour == _FLAW:
        axes.scatter(marked[:, i], marked[:, j], s=2.5, color=colour, linewidths=0, rasterized=True)
    else:
        axes.scatter(
            marked[:, i], marked[:, j], s=9, facecolors="none", edgecolors=colour, linewidths=0.5, rasterized=True
        )
