"""The shapes of the models that training loads, from configurations that lie on this machine: no weights are read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from iirl_core.canonical import Digest, folder_of
from iirl_core.config import Config
from iirl_core.config.expertness import LogRatioSection
from iirl_core.errors import ConfigError
from iirl_core.plan import Backbone, Head, LanguageModelShape, backbone_of, language_model_of
from iirl_core.plan.published import PUBLISHED
from iirl_core.pretrained import model_source

Shape = TypeVar("Shape", Backbone, LanguageModelShape)


@dataclass(frozen=True)
class Shapes:
    """Of the text ``encoder``, of the ``policies`` that a log-ratio compares, by what they are called, and of what
    embeds the ``sentences`` of a selection; None where it is not known, and ``unknown`` says why, or where there is
    none. ``assumed`` says which are taken to be as they were published.
    """

    encoder: Backbone | None
    policies: Mapping[str, LanguageModelShape | None]
    sentences: Backbone | None
    unknown: tuple[str, ...]
    assumed: tuple[str, ...]


def shapes_of(config: Config) -> Shapes:
    """Of all models that training loads.

    Raises:
        ConfigError: the encoder has fewer layers than are to be read of it.
    """
    unknown: list[str] = []
    assumed: list[str] = []
    encoder = sentences = None
    if config.encoder.kind == "text":
        read = partial(_backbone, config.encoder.model, assumed)
        encoder = _shortened(_known(unknown, "the backbone", "parameters, bytes, hours", read), config.encoder.layers)
    policies: dict[str, LanguageModelShape | None] = {}
    if isinstance(config.expertness, LogRatioSection):
        for key, model in (("sft", config.expertness.sft), ("init", config.expertness.init)):
            policy = partial(_policy, config.store, model, assumed)
            policies[f"{key} {model!r}"] = _known(unknown, f"expertness.{key}", "parameters, bytes, hours", policy)
    select = config.train.select
    if select is not None and select.by == "near":
        sentences = _known(unknown, "train.select.model", "hours", partial(_backbone, select.model, assumed))
    return Shapes(encoder, policies, sentences, tuple(unknown), tuple(dict.fromkeys(assumed)))


def _known(unknown: list[str], called: str, needed: str, read: Callable[[], Shape]) -> Shape | None:
    try:
        return read()
    except (OSError, ValueError, ConfigError) as error:
        unknown.append(f"{called} ({str(error).rstrip('.')}): {needed}")
        return None


def _backbone(model: str, assumed: list[str]) -> Backbone:
    return backbone_of(_document(model_source(model), assumed))


def _shortened(encoder: Backbone | None, layers: int | None) -> Backbone | None:
    if encoder is None or layers is None:
        return encoder
    if layers > encoder.layers:
        raise ConfigError(f"encoder.layers {layers}", f"at most the model's {encoder.layers}")
    return replace(encoder, layers=layers)


def _policy(store: str, model: str, assumed: list[str]) -> LanguageModelShape:
    where = (
        f"on this machine; a plan does not look into {store}" if "://" in store else "in the store, nor on this machine"
    )
    return language_model_of(_stored(store, model) or _document(model, assumed, where))


def _document(source: str, assumed: list[str], where: str = "on this machine") -> Mapping[str, object]:
    """The ``config.json`` of a folder, or of a hub's model that was downloaded before; or what was published of it.

    Raises:
        ConfigError: there is none of them.
        OSError, ValueError: it cannot be read.
    """
    path = Path(source) / "config.json" if Path(source).is_dir() else _cached(source)
    if path is None and source in PUBLISHED:
        assumed.append(f"the shape of {source} as it was published: it is not on this machine")
        return PUBLISHED[source]
    if path is None:
        raise ConfigError(f"{source}, which is not {where}")
    return _read(path)


def _read(path: Path) -> Mapping[str, object]:
    document: Mapping[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _cached(name: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache  # a tenth of a second that a folder need not pay

    found = try_to_load_from_cache(name, "config.json")
    return Path(found) if isinstance(found, str) else None


def _stored(url: str, name: str) -> Mapping[str, object] | None:
    """The configuration of the policy that a store, if it is a folder, has under this name or digest; None without."""
    if "://" in url or not re.fullmatch(r"[a-z0-9][a-z0-9-]*|sha256[:-][0-9a-f]{64}", name):
        return None
    policies = Path(url).expanduser() / "policies"
    latest = policies / name / "latest"
    digest = latest.read_text(encoding="utf-8").strip() if latest.exists() else name.replace("-", ":", 1)
    path = policies / folder_of(Digest(digest)) / "model" / "config.json"
    return _read(path) if path.exists() else None


def adapters_of(config: Config, backbone: Backbone | None) -> int:
    """Parameters of the adapters, where there are any."""
    section = config.encoder.adapters if config.encoder.kind == "text" else None
    if section is None or backbone is None:
        return 0
    return backbone.adapters(section.rank, None if section.targets is None else tuple(section.targets))


def trainable_of(config: Config, backbone: Backbone | None, head: Head) -> int:
    """Parameters of the head, and of what of the encoder is trained."""
    if backbone is None or not config.tunes:
        return head.parameters
    return head.parameters + (adapters_of(config, backbone) or backbone.parameters - backbone.unused)
