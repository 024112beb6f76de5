from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iirl_core.config import Config
from iirl_core.errors import ConfigError
from iirl_core.norm import NormKind, norms_digest, norms_of


def config(*norms: dict[str, Any]) -> Config:
    return Config.model_validate(
        {
            "name": "x",
            "corpora": [{"name": "walks", "files": ["walks.npz"]}],
            "encoder": {"kind": "trajectory"},
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
