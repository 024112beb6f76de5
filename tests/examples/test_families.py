from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.config import load_config
from iirl_core.expertness import build_expertness

FAMILIES = Path(__file__).resolve().parents[2] / "examples" / "families"


@pytest.mark.parametrize(
    ("name", "family"),
    [("joint", "joint"), ("tuned", "discriminator"), ("frft", "bradley_terry"), ("bradley-terry", "bradley_terry")],
)
def test_each_family_has_a_configuration_that_loads(name: str, family: str) -> None:
    config = load_config(FAMILIES / f"{name}.yaml")
    assert config.expertness.family == family
    assert build_expertness(config.expertness, 8).members == 4


def test_a_log_ratio_has_a_configuration_that_loads() -> None:
    config = load_config(FAMILIES / "log-ratio.yaml")
    assert build_expertness(config.expertness, 8).unseen == 1
    assert config.imitate is not None


def test_an_occupancy_has_a_configuration_that_loads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IIRL_DATA", str(tmp_path))
    config = load_config(FAMILIES / "occupancy.yaml")
    assert build_expertness(config.expertness, 8).whole_episodes
