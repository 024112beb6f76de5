"""What pydantic finds wrong with a document → one line about the first problem, in the words of whoever wrote it.

Pydantic's places name what is not in the document: the tag of a section, and every member of a union that the value was
tried as. Tags are left out; of a union the member speaks that the value was meant to be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from iirl_core.canonical import JsonValue

TAGS = ("kind", "family", "algorithm")
"""Keys whose value tells which section a mapping is."""
STRANGE = ("missing", "extra_forbidden")
"""Where a mapping was meant to be another section."""
EXPECTED = "Input should be "


@dataclass(frozen=True)
class _Problem:
    """``where`` is pydantic's place, ``labels`` are the positions in it that are no key of the document."""

    where: tuple[int | str, ...]
    labels: frozenset[int]
    kind: str
    what: str

    @property
    def place(self) -> str:
        return ".".join(str(part) for at, part in enumerate(self.where) if at not in self.labels) or "config"


def first_problem(error: ValidationError, document: JsonValue) -> str:
    """``PLACE: WHAT IS WRONG (and 2 more)`` of the ``document`` that was refused."""
    problems = [_read(one, document) for one in error.errors()]
    while (at := _undecided(problems)) is not None:
        problems = _decided(problems, at)
    rest = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{problems[0].place}: {problems[0].what}{rest}"


def _read(error: ErrorDetails, document: JsonValue) -> _Problem:
    here, labels, where = document, set(), error["loc"]
    for at, part in enumerate(where):
        if isinstance(here, dict) and part in [here.get(tag) for tag in TAGS] and at - 1 not in labels:
            labels.add(at)
        elif isinstance(here, dict) and part in here:
            here = here[str(part)]
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        elif error["type"] != "missing" or at + 1 < len(where):
            labels.add(at)
    return _Problem(where, frozenset(labels), error["type"], _what(error))


def _what(error: ErrorDetails) -> str:
    said: Mapping[str, object] = error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return "unknown key"
        case "model_type":
            return f"{EXPECTED}a mapping"
        case "union_tag_not_found":
            return f"no {str(said.get('discriminator')).strip(chr(39))}, which says what it is"
    return error["msg"].removeprefix("Value error, ")


def _undecided(problems: Sequence[_Problem]) -> tuple[int | str, ...] | None:
    """The place of the first value that was tried as several members of a union."""
    for one in problems:
        for at in sorted(one.labels):
            if any(other.where[:at] == one.where[:at] and other.where[at] != one.where[at] for other in problems):
                return one.where[:at]
    return None


def _decided(problems: Sequence[_Problem], union: tuple[int | str, ...]) -> list[_Problem]:
    """Without the members that the value at ``union`` was not meant to be. Those that look into it go first, of them
    that one which finds the fewest strange keys; where none looks into it, all say what they expect.
    """
    depth, members = len(union), dict[int | str, list[_Problem]]()
    for one in problems:
        if one.where[:depth] == union:
            members.setdefault(one.where[depth], []).append(one)
    inside = [found for found in members.values() if any(len(one.where) > depth + 1 for one in found)]
    if inside:
        meant = min(inside, key=lambda found: sum(one.kind in STRANGE for one in found))
    else:
        first = next(one for one in problems if one.where[:depth] == union)
        others = [found[0].what.removeprefix(EXPECTED) for found in list(members.values())[1:]]
        labels = frozenset(at for at in first.labels if at < depth)
        meant = [_Problem(union, labels, first.kind, ", or ".join([first.what, *dict.fromkeys(others)]))]
    start = next(at for at, one in enumerate(problems) if one.where[:depth] == union)
    others_too = [one for one in problems[start:] if one.where[:depth] != union]
    return [*problems[:start], *meant, *others_too]
