"""A transformers model without its upper layers: what to change of its configuration before it is read."""

from __future__ import annotations

from pathlib import Path

from transformers import AutoConfig

from iirl_core.canonical import JsonValue
from iirl_core.errors import ConfigError

SPARED = ("architectures", "token_id", "token_ids")
"""How names of lists end that may have as many entries as there are layers, and are of none of them."""


def shortened(source: str | Path, layers: int, *, trust_remote_code: bool) -> dict[str, JsonValue]:
    """What ``from_pretrained`` is to be told, so that of a folder's or a hub's model the first ``layers`` are read:
    their number, and each list of the configuration that has an entry for every layer (which of them slide, say).

    Raises:
        ConfigError: the model has fewer, or does not say how many.
    """
    here = Path(source).is_dir()
    config = AutoConfig.from_pretrained(source, trust_remote_code=trust_remote_code, local_files_only=here)
    has = getattr(config, "num_hidden_layers", None)
    if not isinstance(has, int):
        raise ConfigError(f"encoder.layers {layers} of a model that does not say how many it has", "no encoder.layers")
    if layers > has:
        raise ConfigError(f"encoder.layers {layers}", f"at most the model's {has}")
    lists = {name: value for name, value in config.to_dict().items() if isinstance(value, list)}
    told = {name: value[:layers] for name, value in lists.items() if len(value) == has and not name.endswith(SPARED)}
    return {"num_hidden_layers": layers, **told}
