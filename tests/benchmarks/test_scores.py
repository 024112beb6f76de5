from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.scores import Scores


def test_what_was_learnt_is_not_learnt_again_unless_something_it_depends_on_changed(tmp_path: Path) -> None:
    asked: list[object] = []

    def scores(name: str, seed: int, recipe: object) -> list[float]:
        def learn() -> np.ndarray:
            asked.append((name, seed, recipe))
            return np.array([float(len(asked)), 0.5])

        found: list[float] = Scores(tmp_path)(name, seed, recipe, learn).tolist()
        return found

    assert scores("a, tuned", 0, {"epochs": 1}) == scores("a, tuned", 0, {"epochs": 1}) == [1.0, 0.5]
    assert [scores("b", 0, {"epochs": 1}), scores("a, tuned", 1, {"epochs": 1})] == [[2.0, 0.5], [3.0, 0.5]]
    assert scores("a, tuned", 0, {"epochs": 2}) == [4.0, 0.5]
    assert len(asked) == 4


def test_learning_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail() -> np.ndarray:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Scores(tmp_path)("a", 0, {}, fail)
    assert Scores(tmp_path)("a", 0, {}, lambda: np.ones(1)).tolist() == [1.0]
