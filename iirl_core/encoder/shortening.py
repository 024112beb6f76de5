"""A transformers model without its upper layers: what to change of its configuration before it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import AutoConfig

from iirl_core.errors import ConfigError


def shortened(source: str | Path, layers: int, *, trust_remote_code: bool) -> dict[str, Any]:
    """What ``from_pretrained`` is to be told, so that of a folder's or a hub's model the first ``layers`` are read:
    their number, and each list of the configuration that has an entry for every layer (which of them slide, say).

    Raises:
        ConfigError: the model has fewer, or does not say how many.
    """
    here = Path(source).is_dir()
    config = AutoConfig.from_pretrained(source, trust_remote_code=trust_remote_code, local_files_only=here)
    has = getattr(config, "num_hidden_layers", None)
    if not isinstance(has, int) or layers > has:
        raise ConfigError(f"encoder.layers {layers}", "none" if has is None else f"at most the model's {has}")
    told = {name: value[:layers] for name, value in config.to_dict().items() if _each(value, has)}
    return {"num_hidden_layers": layers, **told}


def _each(value: object, layers: int) -> bool:
    return isinstance(value, list) and len(value) == layers
