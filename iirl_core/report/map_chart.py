"""A map of latent space: demonstrations, what the last audit asked, and what was found, on the two principal components
of the demonstrations (Pearson 1901).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from iirl_core.report.drawing import INK, inline_svg
from iirl_core.report.place_data import LatentMap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DEMONSTRATION, _PROBE, _FINDING = "#e8912d", "#8b95a5", "#d6453d"
WITHIN = 4.0
"""How far the map reaches, in the demonstrations' extent on each side: what lies farther is drawn at its edge."""


def projected(latent: LatentMap) -> tuple[NDArray[np.float64], ...]:
    """The three groups on two axes, ``[N, 2]`` each; what lies beyond the map is drawn at its edge."""
    points = latent.demonstrations.astype(np.float64)
    centre = points.mean(axis=0)
    _, _, axes = np.linalg.svd(points - centre, full_matrices=False)
    plane = np.zeros((points.shape[1], 2))
    plane[:, : len(axes[:2])] = axes[:2].T
    reach = WITHIN * np.maximum(np.abs((points - centre) @ plane).max(axis=0), 1e-9)
    groups = (points, latent.probes, latent.findings)
    return tuple(np.clip((group - centre) @ plane, -reach, reach) for group in groups)


def map_chart(latent: LatentMap) -> str:
    """An inline SVG."""
    demonstrations, probes, findings = projected(latent)
    groups = (
        (probes, _PROBE, ".", 3.0, f"probes of the last audit ({len(probes):,})"),
        (demonstrations, _DEMONSTRATION, ".", 9.0, f"demonstrations ({len(demonstrations):,})"),
        (findings, _FINDING, "x", 16.0, f"worst findings of all rounds ({len(findings):,})"),
    )

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for points, colour, marker, size, label in groups:
            first, second = points.T
            axes.scatter(
                first, second, marker=marker, s=size, linewidths=0.9, color=colour, label=label, rasterized=True
            )
        axes.set_xlabel("first principal component", color=INK)
        axes.set_ylabel("second", color=INK)
        figure.legend(loc="outside upper left", ncols=3, markerscale=1.6)

    return inline_svg("map", "Demonstrations, probes and findings in latent space", 8.2, 4.6, draw)
