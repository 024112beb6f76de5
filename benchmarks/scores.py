"""Rewards that were learnt and asked before, kept: what took an hour to train is not trained again after a kill."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from iirl_core.canonical import digest_json
from iirl_core.evaluation.frozen import Floats


class Scores:
    """Rewards of one list of answers, a file in ``folder`` for each way and seed of learning them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, name: str, seed: int, recipe: object, learn: Callable[[], Floats]) -> Floats:
        """``[N]``: what ``learn`` gave when it was last asked with an equal ``recipe`` (all that it depends on, as
        JSON), else what it gives now.
        """
        digest = digest_json({"name": name, "seed": seed, "recipe": recipe})
        path = self.folder / f"{name.replace(' ', '-').replace(',', '')}-{seed}-{digest[-16:]}.npy"
        if path.exists():
            kept: Floats = np.load(path)
            return kept
        found = learn()
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npy")  # a kill leaves no half
        np.save(part, found)
        part.replace(path)
        return found
