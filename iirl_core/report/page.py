"""ReportData → one self-contained HTML page: no network, no script, light and dark, fit to print.

All text is escaped (a probe may hold HTML), and the page forbids itself every script and every request.

Example:
    >>> Path("report.html").write_text(render_report(data), encoding="utf-8")  # doctest: +SKIP
"""

from __future__ import annotations

from dataclasses import dataclass

from iirl_core.norm import Norm, rule_of
from iirl_core.patch.repairs import Repair, enabled
from iirl_core.report.audit_data import CoverageCell
from iirl_core.report.data import ReportData
from iirl_core.report.finding_view import finding_view
from iirl_core.report.numerals import count, environment, number, percent, reward, stylesheet
from iirl_core.report.situation_matrix import situation_matrix, uncovered
from iirl_core.report.strip import strip_of

MODES = {
    "strict": "fixed data only: no environment, no policy sampled or updated",
    "frozen-policy": "negatives sampled once from fixed policies",
    "policy-adaptive": "samples of a moving policy",
}

EFFECTS = {
    "suppress": "takes reward away near a place, by a kernel: its strength at the centre, nothing beyond its width",
    "boost": "adds reward near a place, by a kernel: its strength at the centre, nothing beyond its width",
    "remove": "takes directions out of what the head sees, wherever an input lies",
    "edit": "changes weights of the head, wherever an input lies",
    "lower": "cuts the map from signal to reward down to a line, everywhere or within a region",
    "raise": "lifts the map from signal to reward up to a line, everywhere or within a region",
}
"""What repairs do, for readers."""


def render_report(data: ReportData) -> str:
    """The whole page. Findings are shown as given: choose the worst few dozen before calling."""
    from markupsafe import Markup  # as ``environment``

    templates = environment()
    templates.filters["rule"] = rule_of
    drawings = {name: Markup(svg) for name, svg in _drawings(data).items()}  # noqa: S704 (our own SVG, escaped inside)
    return templates.get_template("page.html.jinja").render(
        data=data,
        css=Markup(stylesheet()),  # noqa: S704 (our own file)
        tiles=_tiles(data),
        modes=MODES,
        repairs=list(data.repairs),
        effects=_effects(list(data.repairs)),
        not_covered=list(dict.fromkeys([*not_covered(data), *data.gaps, *uncovered(data.cells, data.examples)])),
        matrix=coverage_matrix(data),
        situations=situation_matrix(data.cells, data.examples),
        findings=[finding_view(facts) for facts in data.findings],
        evaluation=[strip_of(figure) for figure in data.figures],
        drawings=drawings,
        lowest=_lowest(),
    )


def _drawings(data: ReportData) -> dict[str, str]:
    from iirl_core.report.field_chart import field_chart, place_chart
    from iirl_core.report.map_chart import map_chart
    from iirl_core.report.reward_chart import reward_chart
    from iirl_core.report.round_chart import round_chart

    drawings = {}
    if data.rounds:
        drawings["rounds"] = round_chart(data.rounds)
    if data.groups:
        drawings["rewards"] = reward_chart(data.groups)
    if data.latent is not None:
        drawings["map"] = map_chart(data.latent)
    if data.field is not None:
        drawings["field"] = field_chart(data.field)
        drawings["places"] = place_chart(data.field)
    return drawings


def _lowest() -> str:
    from iirl_core.report.field_chart import LOWEST

    return number(LOWEST)


# What the tables say --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MatrixCell:
    """One family × one norm. ``unasked``: no probe; ``named``: the norm names the family; ``over``: the norm is broken
    there (a finding of a hard norm, or a bound above the limit; no limit holds for families that it does not name).
    """

    unasked: bool
    named: bool
    over: bool
    probes: int = 0
    findings: int = 0
    upper: float = 1.0


def coverage_matrix(data: ReportData) -> list[tuple[str, list[MatrixCell]]]:
    """One row per probe family, one cell per norm, both in the order in which they are given."""
    cells = {(cell.family, cell.norm): cell for cell in data.coverage}
    named = [family for norm in data.norms for family in norm.families]
    families = dict.fromkeys([cell.family for cell in data.coverage] + named)
    return [(family, [_cell(norm, family, cells.get((family, norm.id))) for norm in data.norms]) for family in families]


def _cell(norm: Norm, family: str, cell: CoverageCell | None) -> MatrixCell:
    if cell is None or cell.probes == 0:
        return MatrixCell(unasked=True, named=family in norm.families, over=False)
    named = family in norm.families
    over = (norm.hard and cell.findings > 0) or (named and cell.upper > norm.limit)
    return MatrixCell(False, named, over, cell.probes, cell.findings, cell.upper)


def not_covered(data: ReportData) -> list[str]:
    """A sentence for every family that a norm names and that asked nothing."""
    return [
        f"{family} asked nothing about {norm.id}."
        for family, row in coverage_matrix(data)
        for norm, cell in zip(data.norms, row, strict=True)
        if cell.unasked and cell.named
    ]


def _tiles(data: ReportData) -> list[tuple[str, str]]:
    tiles = [(count(sum(row.probes for row in data.rounds)), "probes asked in all rounds")] if data.rounds else []
    if data.rounds:
        first, last = data.rounds[0], data.rounds[-1]
        tiles.append((f"{count(first.hard_flaws)} → {count(last.hard_flaws)}", "hard flaws, first and last round"))
        guard = [row.guard_min for row in data.rounds if row.guard_min is not None]
        unseen = [row.unseen_share for row in data.rounds if row.unseen_share is not None]
        if guard:
            tiles.append((reward(guard[-1]), "of its reward kept by the worst guard point"))
        if unseen:
            tiles.append((percent(unseen[-1]), "of unseen demonstration points keep ≥ 0.95"))
    tiles.append((count(enabled(tuple(data.repairs))), "repairs at work"))
    return tiles


def _effects(repairs: list[Repair]) -> list[tuple[str, str]]:
    """Those that occur, and what they do."""
    found = {one.effect for one in repairs}
    return [(effect, does) for effect, does in EFFECTS.items() if effect in found]
