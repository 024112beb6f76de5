from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from iirl_core.config import Config
from iirl_core.errors import ConfigError
from iirl_core.norm import NormKind, norms_digest, norms_of
from iirl_core.norm.matcher import Keyword, Regex, Semantic, Source


def config(*norms: dict[str, Any], encoder: str = "trajectory") -> Config:
    return Config.model_validate(
        {
            "name": "x",
            "corpora": [{"name": "walks", "files": ["walks.npz"]}],
            "encoder": {"kind": encoder},
            "audit": {"probes": {"uniform": 10}},
            "norms": list(norms),
        }
    )


def section(**changes: Any) -> dict[str, Any]:
    base = {"id": "off", "kind": "ceiling", "hard": True, "threshold": 0.1, "families": ["uniform"]}
    return {**base, "rationale": "why", "owner": "me", **changes}


def region(path: Path) -> dict[str, Any]:
    return {"geometry": str(path), "beyond": 0.3, "low": [-1, -1], "high": [1, 1]}


def test_a_region_reads_its_geometry(tmp_path: Path) -> None:
    path = tmp_path / "path.csv"
    path.write_text("0,0\n0.5,0.25\n")
    (norm,) = norms_of(config(section(region=region(path))))
    assert norm.kind is NormKind.CEILING
    assert norm.region is not None
    assert np.array_equal(norm.region.geometry, [[0, 0], [0.5, 0.25]])


@pytest.mark.parametrize(
    ("text", "complaint"), [("x,y\n0,0\n", "not a table"), ("0,nan\n", "NaN"), ("0,0,0\n", "geometry")]
)
def test_a_geometry_that_cannot_be_used_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "path.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        norms_of(config(section(region=region(path))))


def test_a_missing_geometry_says_where_it_was_sought(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.csv"):
        norms_of(config(section(region=region(tmp_path / "missing.csv"))))


def test_an_id_belongs_to_one_norm() -> None:
    with pytest.raises(ConfigError, match="used twice"):
        norms_of(config(section(), section()))


def test_the_digest_of_norms_follows_their_content_and_not_their_order(tmp_path: Path) -> None:
    path = tmp_path / "path.csv"
    path.write_text("0,0\n")
    first, second = norms_of(config(section(region=region(path)), section(id="other")))
    assert norms_digest([first, second]) == norms_digest([second, first])
    path.write_text("0,0.001\n")
    moved, _ = norms_of(config(section(region=region(path)), section(id="other")))
    assert norms_digest([moved, second]) != norms_digest([first, second])


MATCHES: list[dict[str, Any]] = [
    {"kind": "keyword", "words": ["dose", "chest pain"], "part": "both"},
    {"kind": "regex", "pattern": r"\d+ mg"},
    {"kind": "semantic", "examples": ["Take two."], "least": 0.6, "part": "prompt"},
    {"kind": "source", "sources": ["emergency"]},
]


def test_matchers_are_read_as_they_are_written() -> None:
    (norm,) = norms_of(config(section(matches=MATCHES), encoder="text"))
    assert norm.matches == (
        Keyword(("dose", "chest pain"), "both"),
        Regex(r"\d+ mg", "answer"),
        Semantic(("Take two.",), 0.6, "minilm", "prompt"),
        Source(("emergency",)),
    )


@pytest.mark.parametrize(
    ("matcher", "complaint"),
    [
        ({"kind": "keyword", "words": []}, "at least 1"),
        ({"kind": "keyword", "words": [" "]}, "pattern"),
        ({"kind": "regex", "pattern": "(unclosed"}, "no regular expression"),
        ({"kind": "semantic", "examples": ["a"], "least": 1.5}, "less than or equal to 1"),
        ({"kind": "telepathy"}, "telepathy"),
    ],
)
def test_a_matcher_that_cannot_match_is_refused(matcher: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        config(section(matches=[matcher]), encoder="text")


def test_matchers_of_texts_are_refused_for_trajectories() -> None:
    with pytest.raises(ValidationError, match="off matches texts"):
        config(section(matches=MATCHES[:1]))


def test_weight_and_matchers_are_pinned_by_the_digest() -> None:
    written = [section(), section(weight=2.0), section(matches=MATCHES[:1]), section(matches=MATCHES[1:2])]
    digests = {norms_digest(norms_of(config(one, encoder="text"))) for one in written}
    assert len(digests) == 4


def test_a_weight_is_above_nothing() -> None:
    with pytest.raises(ValidationError, match="greater than 0"):
        config(section(weight=0))
