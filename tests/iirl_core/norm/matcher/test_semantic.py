from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from iirl_core.demonstration import Conversation, conversation
from iirl_core.errors import ConfigError
from iirl_core.norm.matcher import Semantic
from tests.iirl_core.encoder.tiny import tiny

ITEMS = [
    conversation("Open?", "Until six."),
    conversation("Until six.", "Please see a doctor about that."),
    conversation("", ""),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny("bert", tmp_path_factory.mktemp("bert"))


def found(matcher: Semantic, items: list[Conversation]) -> list[bool]:
    matched: list[bool] = matcher.matches(items, [""] * len(items)).tolist()
    return matched


def test_a_text_is_as_near_as_its_nearest_example(model: str) -> None:
    matcher = Semantic(("Until six.", "Please see a doctor about that."), 0.999, model, "answer")
    near = matcher.similarity(ITEMS)
    assert near[:2] == pytest.approx([1, 1], abs=1e-6)
    assert near[2] < 0.999
    assert found(matcher, ITEMS) == [True, True, False]
    assert found(replace(matcher, part="prompt"), ITEMS) == [False, True, False]
    assert found(replace(matcher, least=float(near[2]) - 1e-9), ITEMS) == [True, True, True]
    assert found(matcher, []) == []


def test_what_is_near_does_not_depend_on_the_batch(model: str) -> None:
    matcher = Semantic(("Until seven.",), 0.5, model, "both")
    alone = [float(replace(matcher).similarity([item])[0]) for item in reversed(ITEMS)]
    assert np.allclose(alone[::-1], matcher.similarity(ITEMS), atol=1e-5)


def test_it_travels_without_its_model_and_names_it_by_its_weights(model: str, tmp_path: Path) -> None:
    matcher = Semantic(("Until six.",), 0.9, model, "answer")
    assert len(pickle.dumps(matcher)) < 1000
    assert matcher.document() == replace(matcher).document()
    other = replace(matcher, model=tiny("roberta", tmp_path))
    assert other.document()["model"] != matcher.document()["model"]
    assert str(matcher.document()["model"]).startswith("sha256:")


def test_a_model_that_is_not_there_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"norms\[\]\.matches"):
        found(Semantic(("a",), 0.9, str(tmp_path / "nowhere"), "answer"), ITEMS)
