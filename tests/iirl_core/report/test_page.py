from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from iirl_core.audit.finding import TriageLabel
from iirl_core.demonstration import Trajectory, conversation
from iirl_core.norm import Bounds, Observed, Velocity
from iirl_core.norm.matcher import Keyword, Source
from iirl_core.norm.region import Measured
from iirl_core.patch import Repairs
from iirl_core.report import CoverageCell, FindingFacts, ReportData, RewardField, VerdictFacts, render_report
from iirl_core.report.page import EFFECTS, coverage_matrix, not_covered
from tests.iirl_core.report.samples import finding, portal_report, spatial_report

VOID = {"meta", "br", "line", "circle", "link", "img", "input", "hr"}


class Outline(HTMLParser):
    """Opens and closes every element, and keeps ids, tags and the text that a reader sees."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "xlink:href"):
                self.links.append(value or "")
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.stack.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.stack and "svg" not in self.stack:
            self.text += data


@pytest.fixture(scope="module")
def spatial() -> str:
    return render_report(spatial_report())


@pytest.fixture(scope="module")
def portal() -> str:
    return render_report(portal_report())


def words(page: str) -> str:
    return " ".join(Outline(page).text.split())


@pytest.mark.parametrize("name", ["spatial", "portal"])
def test_the_page_is_well_formed_and_every_id_is_unique(name: str, request: pytest.FixtureRequest) -> None:
    outline = Outline(request.getfixturevalue(name))
    assert outline.stack == []
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.tags.count("h1") == 1
    anchors = {link[1:] for link in outline.links if link.startswith("#")}
    assert anchors <= set(outline.ids), "the contents point at sections that are not there"


@pytest.mark.parametrize("name", ["spatial", "portal"])
def test_the_page_asks_for_nothing_outside_itself_and_runs_nothing(name: str, request: pytest.FixtureRequest) -> None:
    page: str = request.getfixturevalue(name)
    outline = Outline(page)
    assert not {"script", "link", "img", "iframe"} & set(outline.tags)
    assert all(link.startswith(("#", "data:")) for link in outline.links)
    assert not re.search(r"@import|url\((?!#)", page)
    assert "default-src 'none'" in page


def test_the_verdict_comes_first_with_its_reasons() -> None:
    text = words(render_report(portal_report()))
    assert text.index("Not passed") < text.index("1 open finding of the hard norm") < text.index("The artifact")
    text = words(render_report(replace(portal_report(), verdict=VerdictFacts(True, ()))))
    assert "✓ Passed" in text
    assert "No finding of a hard norm is open" in text
    assert "Not passed" not in text


def test_text_of_probes_norms_and_reasons_is_escaped_everywhere() -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    report = portal_report()
    pair = (conversation(evil, evil), conversation(evil, evil + " more"))
    facts = FindingFacts(finding(pair, (0.9, 0.2), note=evil, family=evil), TriageLabel.FLAW, open=True)
    group = replace(report.groups[0], name=evil)
    page = render_report(
        replace(
            report,
            findings=(facts,),
            gaps=(evil,),
            verdict=VerdictFacts(False, (evil,)),
            artifact=replace(report.artifact, encoder=evil, mode=evil),
            groups=(group,),
            figures=(replace(report.figures[0], name=evil, note=evil),),
            statements=(replace(report.statements[0], says=evil),),
        )
    )
    outline = Outline(page)
    assert outline.stack == []
    assert not {"script", "img"} & set(outline.tags)
    assert "<script" not in page
    assert evil in outline.text


def test_rules_say_what_a_norm_speaks_of_and_findings_where_their_record_came_from() -> None:
    report = portal_report()
    told = replace(report.norms[0], matches=(Keyword(("ibuprofen", "dose"), "both"), Source(("medication",))))
    shown = replace(report.findings[0], finding=replace(report.findings[0].finding, source="desk"))
    page = Outline(render_report(replace(report, norms=(told, *report.norms[1:]), findings=(shown,)))).text
    assert "where the prompt or the answer says ibuprofen or dose and where the source is medication" in page
    assert "on a record of desk" in page


@pytest.mark.parametrize(
    ("region", "told"),
    [
        (Bounds(-np.ones(3), np.ones(3)), "outside the bounds"),
        (Velocity(-np.ones(3), np.ones(3)), "faster or slower than the limits"),
        (Observed("distance", 0.75).measured([Trajectory(np.eye(3))]), "farther than 0.75 from the demonstrations"),
        (Observed("bounds", 0.1), "outside the bounds of the demonstrations (margin 0.1)"),
    ],
)
def test_rules_say_which_steps_a_norm_speaks_of(region: Measured | Observed, told: str) -> None:
    report = spatial_report()
    page = render_report(replace(report, norms=(replace(report.norms[0], region=region), *report.norms[1:])))
    assert told in page


def test_what_was_not_asked_comes_before_what_was() -> None:
    report = portal_report()
    assert not_covered(report) == ["emergencies asked nothing about emergency-first."]
    text = words(render_report(replace(report, gaps=("emergencies asked nothing about emergency-first.", "More."))))
    assert text.count("emergencies asked nothing about") == 1, "told twice"
    assert text.index("emergencies asked nothing about") < text.index("More.") < text.index("1 of 300")


def test_a_cell_is_marked_when_a_hard_norm_has_a_finding_or_a_bound_passes_its_limit() -> None:
    report = portal_report()
    norms = [norm.id for norm in report.norms]

    def marked(*coverage: CoverageCell) -> list[tuple[str, str]]:
        rows = coverage_matrix(replace(report, coverage=coverage))
        return [(family, norm) for family, row in rows for norm, cell in zip(norms, row, strict=True) if cell.over]

    assert marked(CoverageCell("careless", "no-dosage-advice", 300, 1, 0.0157)) == [("careless", "no-dosage-advice")]
    assert marked(CoverageCell("careless", "no-dosage-advice", 300, 0, 0.0099)) == []
    assert marked(CoverageCell("careless", "no-dosage-advice", 30, 0, 0.095)) == [("careless", "no-dosage-advice")]
    assert marked(CoverageCell("formats", "formatting", 240, 5, 0.0999)) == []
    assert marked(CoverageCell("formats", "formatting", 240, 5, 0.1001)) == [("formats", "formatting")]
    assert marked(CoverageCell("former", "formatting", 2, 0, 0.78)) == [], "no limit holds for what is not named"
    assert marked(CoverageCell("former", "no-dosage-advice", 9, 1, 0.43)) == [("former", "no-dosage-advice")]


def test_rewards_are_said_to_be_beside_what_must_not_pay_only_where_they_are() -> None:
    report = spatial_report()
    shown = replace(report, groups=tuple(one for one in report.groups if one.role == "demonstrations"))
    assert "against inputs that must not pay" in render_report(report)
    assert "against inputs that must not pay" not in render_report(shown)


def test_a_family_that_was_asked_without_probes_counts_as_not_asked() -> None:
    report = replace(portal_report(), coverage=(CoverageCell("careless", "no-dosage-advice", 0, 0, 1.0),))
    assert "careless asked nothing about no-dosage-advice." in not_covered(report)


def test_the_reader_finds_digest_lineage_patches_and_statements(spatial: str) -> None:
    report, text = spatial_report(), words(spatial)
    assert report.artifact.digest in text
    for ancestor in report.artifact.lineage:
        assert ancestor.digest[:19] in text
    assert all(patch.id in text for patch in report.repairs)
    assert "and 2 more" in text
    assert "f-" in text
    assert "not verified" in text
    assert "(disabled)" in text


def test_every_kind_of_repair_is_listed_with_where_it_acts_and_what_it_does(portal: str) -> None:
    repairs, text = portal_report().repairs, words(portal)
    for one in repairs:
        assert one.id in text
        assert one.where in text
    assert "repairs at work4" in text, "one is disabled"
    for effect, does in EFFECTS.items():
        assert (does in text) is (effect in {one.effect for one in repairs})
    assert "takes reward away near a place" not in text


def test_norms_are_named_by_the_kinds_of_checklist_and_tampering_is_told(portal: str) -> None:
    text = words(portal)
    for norm in portal_report().norms:
        assert f"{norm.id}{norm.kind.checklist}" in text
    assert "0.000 with the batch (32 inputs; tolerated), 0.081 with the whitespace (32 inputs; not tolerated)" in text


def test_rounds_tell_how_often_families_that_no_repair_saw_still_break_a_norm(spatial: str) -> None:
    report = spatial_report()
    assert "4.0%" in words(spatial)
    unasked = replace(report, rounds=tuple(replace(row, held_out_rate=None) for row in report.rounds))
    assert "held out is how often" in words(spatial)
    assert "held out is how often" not in words(render_report(unasked))


def test_a_report_with_nothing_to_show_still_says_so() -> None:
    bare: ReportData = replace(
        portal_report(), rounds=(), coverage=(), norms=(), gaps=(), findings=(), findings_total=0, repairs=Repairs(),
        groups=(), figures=(), statements=(),
    )  # fmt: skip
    page = render_report(bare)
    text = words(page)
    for sentence in ("No probe broke a norm.", "the reward is what training made it", "Nothing is signed"):
        assert sentence in text
    assert Outline(page).stack == []


def test_a_figure_without_an_interval_shows_none_and_lies_on_a_line_of_its_own_range() -> None:
    figure = replace(spatial_report().figures[0], value=-3.5, low=None, high=None)
    page = render_report(replace(portal_report(), figures=(figure,)))
    assert "-3.5" in words(page)
    assert 'aria-label="-3.5 between -3.5 and 0.969"' in page


def test_a_field_in_two_dimensions_is_drawn_as_it_is() -> None:
    axis = np.linspace(0, 1, 9)
    reward = np.outer(axis, axis)
    points = np.array([[0.2, 0.3], [0.5, 0.6]])
    field = RewardField(("position", "speed"), np.zeros(2), np.ones(2), reward, reward, points, points, points[:0])
    page = render_report(replace(portal_report(), field=field))
    assert "position" in page
    assert "highest along" not in page


def test_the_same_data_gives_the_same_page() -> None:
    report = spatial_report(turns=2, patches=3, side=8)
    assert render_report(report) == render_report(report)


def test_twelve_rounds_and_three_hundred_patches_stay_under_three_megabytes() -> None:
    page = render_report(spatial_report(turns=12, patches=300, side=60, findings=40))
    assert len(page.encode()) < 3_000_000


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("name", ["spatial", "portal"])
def test_chromium_lays_the_page_out_and_reports_no_fault(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    page, picture = tmp_path / "report.html", tmp_path / "report.png"
    page.write_text(request.getfixturevalue(name), encoding="utf-8")
    assert CHROMIUM is not None
    quiet = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--hide-scrollbars")  # fmt: skip
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", *quiet, "--enable-logging=stderr", "--window-size=1200,1600",
         f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={picture}", page.as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "CONSOLE" not in done.stderr, "the page breaks its own content policy, or is malformed"
    from PIL import Image

    with Image.open(picture) as image:
        colours = image.convert("RGB").getcolors(maxcolors=1 << 24)
    assert colours is not None
    assert len(colours) > 200, "an empty page"
