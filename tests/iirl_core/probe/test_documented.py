from __future__ import annotations

from pathlib import Path

from iirl_core.probe import FAMILIES

PAGE = Path(__file__).resolve().parents[3] / "docs" / "red-team.md"


def test_the_page_about_the_red_team_names_every_family() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in FAMILIES if f"`{name}`" not in page] == []
