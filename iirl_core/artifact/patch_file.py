"""``patches/patches.json``: all patches of an artifact, enabled or not, in order, as canonical JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TypeVar, cast

from iirl_core.canonical import JsonValue, canonical_json
from iirl_core.errors import Tampered
from iirl_core.patch.patch import Effect, Patch, Space
from iirl_core.patch.repairs import Repair
from iirl_core.signing.fields import Fields

PATCH_FILE = "patches/patches.json"
R = TypeVar("R", bound=Repair)


def patch_bytes(patches: Sequence[Patch]) -> bytes:
    """As canonical JSON; each with its id, for readers."""
    return canonical_json([{"id": patch.id, **asdict(patch)} for patch in patches])


def read_patches(data: bytes) -> tuple[Patch, ...]:
    """The inverse of ``patch_bytes``.

    Raises:
        Tampered: a field is missing or of another type, or an id does not name its patch.
        ArtifactError: a patch is not valid.
    """
    return tuple(read_patch(fields) for fields in records(PATCH_FILE, data))


def records(what: str, data: bytes) -> list[Fields]:
    """The objects of a JSON list.

    Raises:
        Tampered: it is none.
    """
    try:
        values: JsonValue = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Tampered(f"{what} is not JSON ({error})") from error
    if not isinstance(values, list):
        raise Tampered(f"{what} is not a list")
    return [Fields.of(what, value) for value in values]


def read_patch(fields: Fields) -> Patch:
    """One patch.

    Raises:
        Tampered, ArtifactError: as ``read_patches``.
    """
    effect = fields.text("effect")
    if effect not in ("suppress", "boost"):
        raise Tampered(f"{PATCH_FILE}: effect is {effect!r}", "suppress or boost")
    patch = Patch(
        effect=cast(Effect, effect),
        space=cast(Space, fields.text("space")),
        expert=fields.integer("expert"),
        centre=fields.numbers("centre"),
        width=fields.number("width"),
        strength=fields.number("strength"),
        findings=fields.texts("findings"),
        norms=fields.texts("norms"),
        round=fields.integer("round"),
        enabled=fields.flag("enabled"),
    )
    return named(PATCH_FILE, fields, patch)


def named(file: str, fields: Fields, repair: R) -> R:
    """``repair``, read from ``fields``, if it is what its id says.

    Raises:
        Tampered: it is another.
    """
    if repair.id != fields.text("id"):
        raise Tampered(f"{file}: {fields.text('id')} does not name its {type(repair).__name__.lower()}", repair.id)
    return repair
