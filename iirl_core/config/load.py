"""YAML and ``--set`` overrides → Config, or one line that says what is wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from pydantic import ValidationError

from iirl_core.canonical import JsonValue
from iirl_core.config.config import Config
from iirl_core.config.problems import first_problem
from iirl_core.errors import ConfigError


def load_config(path: Path, overrides: Sequence[str] = (), *, plain: Mapping[str, str] | None = None) -> Config:
    """Read ``path``, apply ``key.path=value`` overrides (values are YAML), set the ``plain`` texts (by key path; their
    values are taken as they are, whatever YAML would make of them) and validate.

    Paths inside (``files`` of corpora, suites and norms, ``corpora[].decontaminate``, ``norms[].region.geometry``) may
    name environment variables (``${DATA}/x.npz``) and are made absolute against the file's folder.

    Raises:
        ConfigError: the file is missing or not YAML, an override is malformed, a key is unknown, a value is invalid, or
            a path names an environment variable that is not set.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"no configuration at {path}", todo="Make one with: iirl init") from error
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path} cannot be read as YAML ({' '.join(str(error).split())})") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{path} holds {type(document).__name__}", "a mapping of sections")
    for override in overrides:
        _apply(document, override)
    for name, text in (plain or {}).items():
        _set(document, name, text)
    _resolve_paths(document, path.resolve().parent)
    try:
        return Config.model_validate(document)
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_problem(error, document)}", todo=f"Mend {path} or the --set") from error


def _apply(document: dict[str, JsonValue], override: str) -> None:
    name, equals, text = override.partition("=")
    if not equals or not name:
        raise ConfigError(f"--set {override}", "key.path=value")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        reason = " ".join(str(getattr(error, "problem", error)).split())
        raise ConfigError(f"--set {override}: the value is not YAML ({reason})", "key.path=value") from error
    _set(document, name, value)


def _set(document: dict[str, JsonValue], name: str, value: JsonValue) -> None:
    here: JsonValue = document
    *parents, last = name.split(".")
    for parent in parents:
        if isinstance(here, list) and parent.isdigit() and int(parent) < len(here):
            here = here[int(parent)]
        elif isinstance(here, dict):
            here = here.setdefault(parent, {})
        else:
            raise ConfigError(f"--set {name}: {parent} is not a section")
    if isinstance(here, dict):
        here[last] = value
    elif isinstance(here, list) and last.isdigit() and int(last) < len(here):
        here[int(last)] = value
    else:
        raise ConfigError(f"--set {name}: there is no such section")


def _resolve_paths(document: dict[str, JsonValue], folder: Path) -> None:
    def absolute(text: JsonValue) -> JsonValue:
        if not isinstance(text, str):
            return text
        path = os.path.expandvars(text)
        if "$" in path:
            raise ConfigError(
                f"{text} names an environment variable that is not set", todo="Export it, or --set the path"
            )
        return path if "://" in path else str(folder / path)

    corpora = _sections(document.get("corpora"))
    names = [corpus.get("name") for corpus in corpora]
    evaluate = document.get("evaluate")
    suites = _sections(evaluate.get("suites")) if isinstance(evaluate, dict) else []
    if isinstance(evaluate, dict) and isinstance(rollouts := evaluate.get("rollouts"), list):
        evaluate["rollouts"] = [absolute(path) for path in rollouts]
    golden = _sections([suite.get("golden") for suite in suites])
    for section in (*corpora, *suites, *golden):
        for key, kept in (("files", []), ("decontaminate", names)):
            paths = section.get(key)
            if isinstance(paths, list):
                section[key] = [path if path in kept else absolute(path) for path in paths]
    for norm in _sections(document.get("norms")):
        if isinstance(files := norm.get("files"), list):
            norm["files"] = [absolute(path) for path in files]
        region = norm.get("region")
        if isinstance(region, dict) and "geometry" in region:
            region["geometry"] = absolute(region["geometry"])


def _sections(value: JsonValue) -> list[dict[str, JsonValue]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
