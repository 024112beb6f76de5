from __future__ import annotations

from typing import Any

import pytest

from iirl_core.config.expertness import Beta, JointSection
from iirl_core.expertness import strengths
from tests.iirl_core.artifact.samples import config


def beta(value: Any) -> Beta:
    return JointSection.model_validate({"beta": value}).beta


@pytest.mark.parametrize(
    ("value", "source", "wanted"),
    [
        (2, "a", [2.0, 2.0, 2.0]),
        ({"discount": 0.5}, "a", [1.0, 0.5, 0.25]),
        ({"sources": {"a": 3.0}}, "a", [3.0, 3.0, 3.0]),
        ({"sources": {"a": 3.0}}, "b", [1.0, 1.0, 1.0]),
        ({"sources": {"a": 3.0}, "otherwise": 0.5}, "b", [0.5, 0.5, 0.5]),
    ],
)
def test_the_strength_of_each_step_is_what_the_configuration_says(value: Any, source: str, wanted: list[float]) -> None:
    assert strengths(beta(value), source, 3).tolist() == wanted


@pytest.mark.parametrize("value", [0, -1.0, {"discount": 0}, {"discount": 1.1}, {"sources": {"a": 0}}, {}])
def test_a_strength_is_above_nothing_and_never_grows_with_time(value: Any) -> None:
    with pytest.raises(ValueError, match="beta"):
        beta(value)


def test_a_discount_counts_the_steps_of_whole_trajectories() -> None:
    family = {"family": "joint", "beta": {"discount": 0.9}, "corrupted": {"noised": 1.0}}
    walks = {"name": "walks", "files": ["walks.npz"]}
    sections: dict[str, Any] = {"expertness": family, "mapping": {"kind": "sigmoid"}}
    config(**sections)
    with pytest.raises(ValueError, match="no segment"):
        config(corpora=[{**walks, "segment": 10}], **sections)
    with pytest.raises(ValueError, match="texts have none"):
        config("conversation", expertness={**family, "corrupted": {"empty": 1.0}})
