"""Matplotlib figures as inline SVG that takes the page's colours, light or dark.

Figures are drawn in stand-in colours; the SVG then names CSS variables instead (``--ink``, ``--first``…), so the
browser's colour scheme decides. Text stays text. Matplotlib itself is imported when the first figure is drawn.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, FAINT, PAPER = "#010203", "#040506", "#070809"
FIRST, SECOND, BAD = "#0a0b0c", "#0d0e0f", "#101112"
"""Stand-ins for the page's colours: text, rules, background; the artifact, what it is held against, flaws."""

_VARIABLES = {INK: "ink", FAINT: "faint", PAPER: "paper", FIRST: "first", SECOND: "second", BAD: "bad"}

_SETTINGS = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.parse_math": False,  # a name may hold dollar signs
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


def inline_svg(name: str, title: str, width: float, height: float, draw: Callable[[Figure], None]) -> str:
    """Draw on a fresh figure of ``width × height`` inches and return one ``<svg>`` element.

    Args:
        name: Prefix of the element's inner ids, unique on the page.
        title: What the figure shows, for those who cannot see it.
        width: Inches.
        height: Inches.
        draw: Fills the figure.
    """
    import matplotlib as mpl  # drawn only when a report is rendered
    from matplotlib.figure import Figure

    out = io.StringIO()
    with mpl.rc_context({**_SETTINGS, "svg.hashsalt": name}):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure)
        figure.savefig(out, format="svg", dpi=160, metadata={"Date": None, "Creator": None})
    return _for_page(out.getvalue(), name, title)


def _for_page(svg: str, name: str, title: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(url\(|href=")#', rf"\g<1>#{name}-", svg)
    svg = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font: \1 var(--text-face)", svg)
    svg = re.sub(r"font: (bold|700) ([\d.]+px) [^;\"]*", r"font: 600 \2 var(--text-face)", svg)
    for stand_in, variable in _VARIABLES.items():
        svg = svg.replace(stand_in, f"var(--{variable})")
    opening = svg[: svg.index(">")]
    scalable = re.sub(r' (width|height)="[^"]*"', "", opening)
    return f'{scalable} role="img" aria-label="{html.escape(title)}"{svg[len(opening) :]}'
