from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

from iirl_core.report.drawing import BAD, inline_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def drawn(title: str, text: str) -> str:
    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.bar([1], [2], color=BAD)
        axes.set_title(text)

    return inline_svg("test", title, 3, 2, draw)


def test_colours_are_the_pages_own_so_that_light_and_dark_both_work() -> None:
    svg = drawn("a bar", "one")
    assert "fill: var(--bad)" in svg
    assert "var(--ink)" in svg
    assert "#10" not in svg


def test_the_title_is_read_aloud_and_escaped() -> None:
    root = ElementTree.fromstring(drawn('a < b & "c"', "one"))  # noqa: S314 (our own)
    assert root.attrib["aria-label"] == 'a < b & "c"'
    assert root.attrib["role"] == "img"
    assert "width" not in root.attrib


def test_text_stays_text_and_dollar_signs_are_no_mathematics() -> None:
    svg = drawn("a bar", "costs $5 or \\frac$ <b>")
    assert ">costs $5 or \\frac$ &lt;b&gt;</text>" in svg
