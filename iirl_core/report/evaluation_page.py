"""EvaluationData → one self-contained HTML page in the look of the audit report: no network, no script.

Example:
    >>> Path("evaluation.html").write_text(render_evaluation(data), encoding="utf-8")  # doctest: +SKIP
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iirl_core.evaluation.judge import PolicyMeans
from iirl_core.report.evaluation_data import Chapter, EvaluationData
from iirl_core.report.figure_data import EvaluationFigure
from iirl_core.report.numerals import environment, stylesheet
from iirl_core.report.strip import Strip, strip_of

if TYPE_CHECKING:
    from markupsafe import Markup

LENGTH, RANDOM = "length alone", "random head"
MANY = 12
"""More figures than these are folded away under their pictures."""


def render_evaluation(data: EvaluationData) -> str:
    """The whole page; the same data give the same page."""
    from markupsafe import Markup  # as ``environment``

    return (
        environment()
        .get_template("evaluation.html.jinja")
        .render(
            data=data,
            css=Markup(stylesheet()),  # noqa: S704 (our own file)
            tiles=_tiles(data),
            rows=policy_rows,
            views=[_view(index, chapter) for index, chapter in enumerate(data.chapters)],
        )
    )


@dataclass(frozen=True)
class ChapterView:
    """A chapter as the template wants it; drawings are SVG, "" where there is nothing to draw."""

    id: str
    chapter: Chapter
    strips: tuple[Strip, ...]
    folded: bool
    drawings: dict[str, Markup]


def _view(index: int, chapter: Chapter) -> ChapterView:
    from markupsafe import Markup

    key = f"chapter-{index}"
    drawings = {name: Markup(svg) for name, svg in _drawings(key, chapter).items()}  # noqa: S704 (our own SVG)
    strips = tuple(strip_of(figure) for figure in chapter.figures)
    return ChapterView(key, chapter, strips, len(strips) > MANY and bool(drawings), drawings)


def _drawings(key: str, chapter: Chapter) -> dict[str, str]:
    from iirl_core.report.curve_chart import curve_chart
    from iirl_core.report.policy_chart import policy_chart
    from iirl_core.report.reliability_chart import reliability_chart
    from iirl_core.report.return_chart import return_chart
    from iirl_core.report.reward_chart import distribution_chart

    drawings = {}
    if chapter.panels:
        drawings["curves"] = curve_chart(f"{key}-curves", chapter.panels)
    if chapter.distributions:
        drawings["rewards"] = distribution_chart(f"{key}-rewards", chapter.distributions)
    if chapter.diagrams:
        drawings["reliability"] = reliability_chart(f"{key}-reliability", chapter.diagrams)
    if len(chapter.policies) > 1:
        drawings["policies"] = policy_chart(f"{key}-policies", chapter.policies, chapter.seen)
    if chapter.rollouts is not None:
        drawings["returns"] = return_chart(f"{key}-returns", chapter.rollouts)
    return drawings


def _tiles(data: EvaluationData) -> list[tuple[str, str]]:
    """What a sceptic asks first."""
    figures = [figure for chapter in data.chapters for figure in chapter.figures]
    tiles = []
    for name, words in ((LENGTH, "figures clearly above length alone"), (RANDOM, "clearly above a random head")):
        beside = [(figure, _baseline(figure, name)) for figure in figures]
        told = [(figure, value) for figure, value in beside if value is not None]
        above = sum(figure.low is not None and figure.low > value for figure, value in told)
        tiles.append((f"{above} of {len(told)}", words))
    suites = [chapter.facts for chapter in data.chapters if chapter.facts is not None]
    if suites:
        tiles.append((str(sum(bool(facts.contaminated) for facts in suites)), f"of {len(suites)} suites contaminated"))
        tiles.append((f"{sum(facts.answers for facts in suites):,}", "answers of suites scored"))
    tiles.append((f"{sum(read for _, read, _ in data.counts):,}", "unseen records scored"))
    return tiles


def _baseline(figure: EvaluationFigure, name: str) -> float | None:
    return next((base.value for base in figure.baselines if base.name == name), None)


def _half_words(mean: float, half: float) -> str:
    """A mean and half of its interval; no interval where it has no end."""
    return f"{mean:.3f}" if half == float("inf") else f"{mean:.3f} ± {half:.3f}"


def policy_rows(policies: tuple[PolicyMeans, ...]) -> list[tuple[int, str, int, str, str]]:
    """Number, name, answers, golden score, reward."""
    return [
        (
            number,
            one.name,
            one.answers,
            _half_words(one.golden, one.golden_half),
            _half_words(one.reward, one.reward_half),
        )
        for number, one in enumerate(policies, start=1)
    ]
