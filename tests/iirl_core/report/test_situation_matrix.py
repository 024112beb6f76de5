from __future__ import annotations

from dataclasses import replace

from iirl_core.audit.cell import Cell
from iirl_core.audit.example import Example
from iirl_core.audit.steering import Choice
from iirl_core.report import render_report
from iirl_core.report.situation_matrix import situation_matrix, uncovered
from tests.iirl_core.report.samples import portal_report

CELLS = (
    Cell("careless", 0, 40, 0, 2),
    Cell("careless", 2, 20, 20, 19),
    Cell("typos", 0, 10, 3, 0),
    Cell("typos", 1, 0, 0, 0),
)
EXAMPLES = (Example(0, 0.1, "Where is my parcel?"), Example(2, 0.3, "How much may I take? <b>now</b>"))


def test_every_family_stands_against_every_situation_with_counts_and_an_interval() -> None:
    matrix = situation_matrix(CELLS, EXAMPLES)
    assert [column.title for column in matrix.columns] == ["1", "2", "3"]
    (careless, first), (typos, second) = matrix.rows
    assert (careless, typos) == ("careless", "typos")
    assert [cell.counts for cell in first] == ["0 of 40", "", "20 of 20"]
    assert [cell.shade for cell in first] == [0, 0, 4]
    assert second[0].counts == "3 of 10"
    assert second[0].interval == "7% to 65%"
    assert second[1].counts == second[2].counts == ""


def test_situations_in_which_nobody_demonstrated_are_named_and_others_are_not() -> None:
    (sentence,) = uncovered(CELLS, EXAMPLES)
    assert sentence.startswith("In situation 3 (How much may I take? <b>now</b>)")
    assert "19 of 20 questions" in sentence


def test_the_page_shows_the_matrix_and_escapes_what_was_asked() -> None:
    page = render_report(replace(portal_report(), cells=CELLS, examples=EXAMPLES))
    assert "How much may I take? &lt;b&gt;now&lt;/b&gt;" in page
    assert "7% to 65%" in page
    assert page.index("no demonstration lies near") < page.index("7% to 65%")


def test_the_page_shows_what_the_blue_team_chose_and_knew() -> None:
    page = render_report(replace(portal_report(), choices=(Choice(2, "typos", 0, 120, 10, 3, 0.25),)))
    assert "Where the blue team sent probes" in page
    assert '3 of 10 broken</td><td class="n">0.250</td>' in page


def test_a_page_of_an_audit_without_situations_has_no_such_table() -> None:
    assert "Families and situations" not in render_report(portal_report())
