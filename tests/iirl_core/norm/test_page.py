"""What docs/norms.md shows can be written so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from iirl_core.config.norms import NormSection

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "norms.md").read_text(encoding="utf-8")
BASE: dict[str, Any] = {"id": "n", "kind": "ceiling", "threshold": 0.5, "families": ["empty"]}
BASE |= {"rationale": "why", "owner": "me"}


def shown() -> list[NormSection]:
    """Every norm in a block, and every matcher and region of a table, put into a norm."""
    norms = []
    for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL):
        parsed = yaml.safe_load(block)
        norms += parsed["norms"] if isinstance(parsed, dict) else parsed
    for row in re.findall(r"^\| `.*", PAGE, re.MULTILINE):
        for cell in re.findall(r"`(\{.*?\})`", row):
            part = yaml.safe_load(cell)
            matcher = part.get("kind") in ("keyword", "regex", "semantic", "source")
            norms.append({**BASE, **({"matches": [part]} if matcher else {"region": part})})
    return [NormSection.model_validate(norm) for norm in norms]


def test_every_kind_of_norm_matcher_and_region_is_shown_and_can_be_read() -> None:
    norms = shown()
    assert {norm.kind for norm in norms} == {
        "ceiling", "floor", "direction", "agreement", "invariance", "predicate",
    }  # fmt: skip
    assert {matcher.kind for norm in norms for matcher in norm.matches} == {"keyword", "regex", "semantic", "source"}
    regions = {norm.region.kind for norm in norms if norm.region is not None}
    assert regions == {"geometry", "distance", "bounds", "velocity"}
