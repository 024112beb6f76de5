"""What an artifact says of the machine and the configuration that made it: versions and choices, no names, no paths."""

from __future__ import annotations

import platform
from importlib import metadata

from iirl_core.canonical import JsonValue
from iirl_core.config import Config
from iirl_core.config.norms import GeometrySection

PACKAGES = (
    "iirl",
    "numpy",
    "torch",
    "transformers",
    "tokenizers",
    "safetensors",
    "peft",
    "pyarrow",
    "ray",
    "deepspeed",
)

WHERE = ("store", "keys", "serve")
"""Sections that say where things lie, not what they are: two machines that make the same artifact differ in them."""


def environment() -> dict[str, str]:
    """Python, the platform (system and machine, no host name) and the versions of the packages that computed."""
    found = {"python": platform.python_version(), "platform": f"{platform.system()}-{platform.machine()}"}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue  # the core runs without ray and deepspeed
    return found


def portable_config(config: Config) -> dict[str, JsonValue]:
    """The resolved configuration as JSON: paths are reduced to file names; ``WHERE`` is left out, and so is what the
    artifact is asked about when it is there.
    """
    document: dict[str, JsonValue] = config.model_dump(mode="json", exclude=set(WHERE))
    _object(document["evaluate"]).pop("suites", None)
    for corpus, section in zip(config.corpora, _objects(document["corpora"]), strict=True):
        section["files"] = [_name(file) for file in corpus.files]
        section["decontaminate"] = [_name(file) for file in corpus.decontaminate]
    for norm, section in zip(config.norms, _objects(document["norms"]), strict=True):
        if isinstance(norm.region, GeometrySection):
            section["region"] = {**_object(section["region"]), "geometry": _name(norm.region.geometry)}
        section["files"] = [_name(file) for file in norm.files]
        for matcher in _objects(section["matches"]):
            _shorten(matcher, "model")
    for named, keys in (("encoder", ("model",)), ("expertness", ("sft", "init"))):
        for key in keys:
            _shorten(_object(document[named]), key)
    return document


def _shorten(section: dict[str, JsonValue], key: str) -> None:
    """A folder becomes its name, a name of the hub stays."""
    model = section.get(key)
    if isinstance(model, str) and model.startswith(("/", "~", ".")):
        section[key] = _name(model)


def _name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _object(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _objects(value: JsonValue) -> list[dict[str, JsonValue]]:
    return [_object(item) for item in value] if isinstance(value, list) else []
