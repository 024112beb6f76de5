"""The configuration's reference as Markdown, from the sections' docstrings: ``python -m iirl_core.config.reference``.

``docs/config.md`` is what this prints; a test holds the two together.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from iirl_core.config.config import Config
from iirl_core.config.section import Section

_HEAD = """# Configuration

One YAML file drives every verb. Unknown keys fail; any value can be replaced with `--set key.path=value`, and
`iirl train CONFIG.yaml --dry-run` prints what was resolved. `iirl init FILE` writes a first one for your own data.

This page is printed by `python -m iirl_core.config.reference`.
"""


def reference() -> str:
    """The whole page."""
    parts = [_HEAD]
    for path, section in _sections("", Config, set()):
        parts.append(_describe(path, section))
    return "\n".join(parts)


def _sections(path: str, section: type[Section], seen: set[type[Section]]) -> Iterator[tuple[str, type[Section]]]:
    if section in seen:
        return
    seen.add(section)
    yield path, section
    for name, field in section.model_fields.items():
        repeated = get_origin(field.annotation) is list
        for inner in _sections_in(field.annotation):
            yield from _sections(f"{path}.{name}".lstrip(".") + ("[]" if repeated else ""), inner, seen)


def _sections_in(annotation: object) -> list[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [found for part in get_args(annotation) for found in _sections_in(part)]


def _describe(path: str, section: type[Section]) -> str:
    choice = next(
        (f for n, f in section.model_fields.items() if n in ("kind", "family") and f.default is not None), None
    )
    variant = choice is not None and get_origin(choice.annotation) is Literal and len(get_args(choice.annotation)) == 1
    title = f"`{path}`" if path else "Top level"
    if variant and choice is not None:
        title += f", {choice.default}"
    lines = [
        f"## {title}",
        "",
        _one_line(section.__doc__),
        "",
        "| key | takes | default | |",
        "| --- | --- | --- | --- |",
    ]
    for name, field in section.model_fields.items():
        lines.append(f"| `{name}` | {_type(field)} | {_default(field)} | {_one_line(field.description)} |")
    return "\n".join([*lines, ""])


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split()).replace("``", "`").replace("|", "\\|")


def _type(field: FieldInfo) -> str:
    words = _words(field.annotation)
    bounds = [_bound(constraint) for constraint in field.metadata]
    return ", ".join([words, *(bound for bound in bounds if bound)])


def _words(annotation: object) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        bounds = [_bound(part) for constraint in inner[1:] for part in getattr(constraint, "metadata", [constraint])]
        words = ", ".join([_words(inner[0]), *(bound for bound in bounds if bound)])
    elif origin is Literal:
        words = " \\| ".join(f"`{value}`" for value in inner)
    elif origin in (Union, UnionType):
        words = " or ".join(dict.fromkeys(_words(part) for part in inner))
    elif origin is list:
        words = f"list of {_words(inner[0])}"
    elif origin is dict:
        words = f"{_words(inner[0])} → {_words(inner[1])}"
    elif isinstance(annotation, type) and issubclass(annotation, Section):
        words = "section"
    else:
        words = _PLAIN[annotation]
    return words


_PLAIN: dict[object, str] = {str: "text", int: "integer", float: "number", bool: "true or false", NoneType: "null"}
_SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "pattern": "matches"}


def _bound(constraint: object) -> str:
    for name, sign in _SIGNS.items():
        value = getattr(constraint, name, None)
        if value is not None:
            return f"{sign} `{str(value).replace('|', chr(92) + '|')}`"
    shortest = getattr(constraint, "min_length", None)
    return f"at least {shortest}" if shortest is not None else ""


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "**required**"
    if isinstance(field.default, Section):
        variant = next(
            (getattr(field.default, name) for name in ("kind", "family") if hasattr(field.default, name)), ""
        )
        return f"`{variant}`" if variant else "below"
    text = field.default if isinstance(field.default, str) else json.dumps(field.default)
    return f"`{text}`"


if __name__ == "__main__":
    sys.stdout.write(reference())
