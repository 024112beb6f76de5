from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.config.config import Config
from iirl_core.config.reference import reference
from iirl_core.config.section import Section
from iirl_core.config.suites import FilesSection

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_in_docs_is_what_the_sections_say() -> None:
    page = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    assert page == reference(), "run: python -m iirl_core.config.reference > docs/config.md"


def sections(section: type[Section] = Section) -> list[type[Section]]:
    return [found for child in section.__subclasses__() for found in (child, *sections(child))]


def test_every_section_and_every_key_is_on_the_page() -> None:
    page = reference()
    assert Config in sections()
    for section in sections():
        for name in section.model_fields:
            assert f"| `{name}` |" in page, f"{section.__name__}.{name}"
    written = [section for section in sections() if section is not FilesSection]  # which suites only share
    assert page.count("\n## ") == len(written)


@pytest.mark.parametrize(
    "row",
    [
        "| `mismatched` | number, ≥ `0`, ≤ `1` | `0.0` | Conversations: another record's answer. |",
        "| `segment` | integer or null, ≥ `1` | `null` |",
        "| `trust_remote_code` | true or false | `false` |",
        "| `probes` | text → integer, ≥ `0` | **required** |",
        "| `corpora` | list of section, at least 1 | **required** |",
    ],
)
def test_bounds_defaults_and_types_are_told(row: str) -> None:
    assert row in reference()
