"""``patches/patches.json``: all patches of an artifact, enabled or not, in order, as canonical JSON."""

from __future__ import annotations

import json
from typing import TypeVar, cast

from iirl_core.canonical import Digest, JsonValue
from iirl_core.errors import ArtifactError, Tampered
from iirl_core.patch.patch import Effect, Patch, Space
from iirl_core.patch.repairs import Repair
from iirl_core.signing.fields import Fields

PATCH_FILE = "patches/patches.json"
MODEL = "model"
"""The field of a record that says for which model it was made (``model_digest``)."""
R = TypeVar("R", bound=Repair)


def check_model(fields: Fields, model: Digest) -> None:
    """Nothing to do where a record was made for the ``model``, or does not say for which (before it was known).

    Raises:
        ArtifactError: it was made for another.
    """
    made_for = fields.digest(MODEL) if MODEL in fields.document else model
    if made_for != model:
        raise ArtifactError(
            f"{fields.what}: {fields.text('id')} was made for another encoder or other weights, {made_for[:19]}",
            f"repairs of this model, {model[:19]}",
            "Load the artifact as it was sealed, or audit this model and run: iirl patch CONFIG.yaml",
        )


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
        Tampered: a field is missing or of another type, or the id does not name the patch.
        ArtifactError: it is not valid.
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
