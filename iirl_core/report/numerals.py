"""What numbers look like on our pages, and the environment in which templates know it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from iirl_core.canonical import Digest

if TYPE_CHECKING:
    import jinja2

HERE = Path(__file__).parent


def environment() -> jinja2.Environment:
    """Templates of this folder; all text is escaped, and an unknown name is an error."""
    import jinja2  # pages are rendered at the end of long work; importing this module stays cheap

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(short=short_digest, count=count, reward=reward, percent=percent, number=number, figure=figure)
    return made


def stylesheet() -> str:
    """The pages' own."""
    return (HERE / "page.css").read_text(encoding="utf-8")


def short_digest(digest: Digest) -> str:
    """``sha256:`` and the first 12 of the 64 digits."""
    return digest[:19]


def count(value: int) -> str:
    """With commas."""
    return f"{value:,}"


def reward(value: float | None) -> str:
    """Three digits."""
    if value is None:
        return "–"
    return "<0.001" if 0 < value < 0.0005 else f"{value:.3f}"


def percent(value: float | None) -> str:
    """One digit, two near either end."""
    if value is None:
        return "–"
    digits = 2 if value < 0.01 or 0.99 < value < 1 else 1
    return f"{value * 100:.{digits}f}%"


def number(value: float | None) -> str:
    """Three significant digits."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def figure(value: float) -> str:
    """Three digits, so that a column of figures lines up; large numbers as ``number``."""
    return f"{value:.3f}" if abs(value) < 10 else number(value)
