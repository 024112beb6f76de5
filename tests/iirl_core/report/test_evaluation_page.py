from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from iirl_core.report import Chapter, Distribution, Rollouts, render_evaluation
from tests.iirl_core.report.evaluation_samples import evaluation_page, facts
from tests.iirl_core.report.test_page import Outline, words


@pytest.fixture(scope="module")
def page() -> str:
    return render_evaluation(evaluation_page())


def test_the_page_is_well_formed_and_every_id_is_unique(page: str) -> None:
    outline = Outline(page)
    assert outline.stack == []
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.tags.count("h1") == 1
    anchors = {link[1:] for link in outline.links if link.startswith("#")}
    assert anchors <= set(outline.ids)


def test_the_page_asks_for_nothing_outside_itself_and_runs_nothing(page: str) -> None:
    outline = Outline(page)
    assert not {"script", "link", "img", "iframe"} & set(outline.tags)
    assert all(link.startswith(("#", "data:")) for link in outline.links)
    assert not re.search(r"@import|url\((?!#)", page)
    assert "default-src 'none'" in page


def test_every_figure_stands_beside_its_baselines(page: str) -> None:
    text = words(page)
    assert "separation/careless ↑ 0.940 0.920 – 0.960 length alone: 0.710 (0.660 – 0.750) 500" in text
    assert re.search(r"judge/gpt/agreement ↑ 0\.\d{3} .*?length alone: 0\.\d{3} .*?random head: 0\.\d{3}", text)
    assert "calibration/careless ↓ 0.080 0.050 – 0.120 none 500" in text


def test_what_a_sceptic_asks_first_comes_first(page: str) -> None:
    text = words(page)
    contaminated = text.index("judge/gpt is contaminated: 3 of its 20 prompts were trained on")
    assert text.index("clearly above length alone") < contaminated < text.index("Every figure has")
    assert "of 2 suites contaminated" in text
    assert "nobody knows: a corpus that was trained on is gone" in text
    assert "in 2 a wrong answer is the same text as a right one" in text


def test_there_is_a_picture_of_everything_there_is_data_for(page: str) -> None:
    pictures = re.findall(r'role="img" aria-label="([^"]+)"', page)
    assert {
        "Distribution of rewards",
        "Reliability diagram",
        "Policies by mean golden score and mean reward",
        "Best of N: what the pick is worth",
    } <= set(pictures)
    for text in ("random head", "demonstrations (300)", "careless: error 0.080", "N answers to pick from"):
        assert text in page


def test_a_policy_is_found_by_its_number_and_marked_where_it_was_seen(page: str) -> None:
    assert re.search(r"10\s*policy-a learnt from\s*20\s*0\.\d{3} ± 0\.\d{3}\s*0\.\d{3} ± 0\.\d{3}", words(page))


def test_names_and_reasons_of_files_are_escaped() -> None:
    evil = "<script>alert(1)</script>"
    data = evaluation_page()
    held = facts("judge", evil, reasons=(evil,), quarantined=1, golden=evil, files={evil: data.digest})
    group = (Distribution(evil, True, np.array([0.5])),)
    chapter = replace(data.chapters[1], title=evil, note=evil, facts=held, distributions=group)
    page = render_evaluation(replace(data, warnings=(evil,), chapters=(chapter,)))
    assert "<script" not in page
    assert Outline(page).stack == []


def test_a_suite_without_figures_or_pictures_is_shown_too() -> None:
    empty = Chapter("pairs x", "Nothing.", facts("pairs", "x"), ())
    text = words(render_evaluation(replace(evaluation_page(), chapters=(empty,), warnings=())))
    assert "0 of 0" in text
    assert "nothing of it was trained on" in text


@pytest.mark.parametrize(
    ("left_out", "gone", "said"),
    [
        (
            (("a", 3, 9), ("b", 0, 7)),
            False,
            "left out 3 of 9 records of a: their prompts, case and white space aside, were tr",
        ),
        ((("a", 0, 9),), False, "none no prompt of theirs, case and white space aside, was trained on"),
        ((("a", 0, 9),), True, "a corpus that was trained on is gone: nobody knows of any"),
        ((("a", 3, 9),), True, "were trained on; a corpus that was trained on is gone: nobody knows of more"),
    ],
)
def test_the_unseen_splits_say_what_was_left_out_of_them(
    left_out: tuple[tuple[str, int, int], ...], gone: bool, said: str
) -> None:
    data = evaluation_page()
    page = render_evaluation(replace(data, chapters=(replace(data.chapters[0], left_out=left_out, corpora_gone=gone),)))
    text = words(page)
    assert "Contamination" in text
    assert said in text
    assert Outline(page).stack == []
    assert "Contamination" not in words(render_evaluation(replace(data, chapters=data.chapters[:1])))


def test_rollouts_are_drawn_over_their_true_returns() -> None:
    rollouts = Rollouts(np.array([-100.0, 2000.0]), np.array([0.1, 0.9]))
    chapter = Chapter("returns walks", "By true return.", facts("returns", "walks", rows=2), (), rollouts=rollouts)
    page = render_evaluation(replace(evaluation_page(), chapters=(chapter,)))
    assert "2 rollouts" in words(page)
    assert "mean reward of a step" in page


def test_the_same_data_give_the_same_page(page: str) -> None:
    assert render_evaluation(evaluation_page()) == page


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_chromium_lays_the_page_out_and_reports_no_fault(page: str, tmp_path: Path) -> None:
    file, picture = tmp_path / "evaluation.html", tmp_path / "evaluation.png"
    file.write_text(page, encoding="utf-8")
    assert CHROMIUM is not None
    quiet = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--hide-scrollbars")  # fmt: skip
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", *quiet, "--enable-logging=stderr", "--window-size=700,2400",
         f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={picture}", file.as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "CONSOLE" not in done.stderr, "the page breaks its own content policy, or is malformed"
    assert picture.stat().st_size > 20_000, "an empty page"
