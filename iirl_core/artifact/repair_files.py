"""``patches/``: all repairs of an artifact, enabled or not, in order, as canonical JSON; a file a kind.

patches/patches.json        kernels; always there
patches/projections.json    removed directions; where there are any
patches/sculpts.json        how the map was lowered and raised; where it was
patches/edits.json          what was added to the head's weights; where something was

Each also says for which model it was made (``model_digest``): another of the same shapes has other places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from iirl_core.artifact.edit_file import EDIT_FILE, read_edit
from iirl_core.artifact.patch_file import MODEL, PATCH_FILE, check_model, named, read_patch, records
from iirl_core.canonical import Digest, JsonValue, canonical_json, folder_of
from iirl_core.errors import Tampered
from iirl_core.patch.ball import Ball
from iirl_core.patch.patch import SPACES
from iirl_core.patch.projection import Projection
from iirl_core.patch.repairs import Repair, Repairs
from iirl_core.patch.sculpt import Sculpt
from iirl_core.signing.fields import Fields
from iirl_core.store.protocol import Store

PROJECTION_FILE = "patches/projections.json"
SCULPT_FILE = "patches/sculpts.json"
REPAIR_FILES = (PATCH_FILE, PROJECTION_FILE, SCULPT_FILE, EDIT_FILE)


def write_repairs(folder: Path, repairs: Repairs, model: Digest) -> None:
    """Into ``folder/patches``, which must not exist; ``model`` is what they were made for."""
    (folder / PATCH_FILE).parent.mkdir()
    kinds: dict[str, Sequence[Repair]] = {
        PATCH_FILE: repairs.patches,
        PROJECTION_FILE: repairs.projections,
        SCULPT_FILE: repairs.sculpts,
        EDIT_FILE: repairs.edits,
    }
    for path, some in kinds.items():
        if some or path == PATCH_FILE:
            values: JsonValue = [{**_record(one), MODEL: model} for one in some]
            (folder / path).write_bytes(canonical_json(values))


def repairs_of(folder: Path, model: Digest) -> Repairs:
    """Those of an artifact's folder, of which all were made for ``model``.

    Raises:
        Tampered: a field is missing or of another type, or an id does not name its repair.
        ArtifactError: a repair is not valid, or was made for another model.
    """
    return _read(lambda path: (folder / path).read_bytes() if (folder / path).exists() else None, model)


def repairs_document(repairs: Repairs) -> dict[str, JsonValue]:
    """All of them as one JSON object: a list a kind."""
    kinds: dict[str, Sequence[Repair]] = {
        "patches": repairs.patches,
        "projections": repairs.projections,
        "sculpts": repairs.sculpts,
        "edits": repairs.edits,
    }
    return {kind: [_record(one) for one in some] for kind, some in kinds.items()}


def _record(one: Repair) -> dict[str, JsonValue]:
    """With its id; a sculpt says where it acts only if that is not everywhere."""
    return {"id": one.id, **{name: value for name, value in asdict(one).items() if (name, value) != ("ball", None)}}


def repairs_from(fields: Fields) -> Repairs:
    """The inverse of ``repairs_document``.

    Raises:
        Tampered, ArtifactError: as ``repairs_of``.
    """
    return Repairs(
        tuple(read_patch(one) for one in fields.inners("patches")),
        tuple(_projection(one) for one in fields.inners("projections")),
        tuple(_sculpt(one) for one in fields.inners("sculpts")),
        tuple(read_edit(one) for one in fields.inners("edits")) if "edits" in fields.document else (),
    )


def stored_repairs(store: Store, digest: Digest) -> Repairs:
    """Those of an artifact in a store.

    Raises:
        NotFound: there is no such artifact.
        Tampered, ArtifactError: as ``repairs_of``.
    """
    place = f"artifacts/{folder_of(digest)}"

    def read(path: str) -> bytes | None:
        there = path == PATCH_FILE or store.exists(f"{place}/{path}")
        return store.get(f"{place}/{path}") if there else None

    return _read(read)


def _read(read: Callable[[str], bytes | None], model: Digest | None = None) -> Repairs:
    """``model`` None: made for whichever."""
    files = {path: read(path) for path in REPAIR_FILES}
    if files[PATCH_FILE] is None:
        raise Tampered(f"{PATCH_FILE} is missing")
    patches, removed, shaped, edits = ([] if data is None else records(path, data) for path, data in files.items())
    if model is not None:
        for fields in (*patches, *removed, *shaped, *edits):
            check_model(fields, model)
    return Repairs(
        tuple(read_patch(fields) for fields in patches),
        tuple(_projection(fields) for fields in removed),
        tuple(_sculpt(fields) for fields in shaped),
        tuple(read_edit(fields) for fields in edits),
    )


def _projection(fields: Fields) -> Projection:
    rows = fields.document.get("directions")
    if not isinstance(rows, list):
        raise Tampered(f"{PROJECTION_FILE}: directions is {type(rows).__name__}", "a list of vectors")
    projection = Projection(
        directions=tuple(Fields(PROJECTION_FILE, {"direction": row}).numbers("direction") for row in rows),
        centre=fields.numbers("centre"),
        findings=fields.texts("findings"),
        norms=fields.texts("norms"),
        round=fields.integer("round"),
        enabled=fields.flag("enabled"),
    )
    return named(PROJECTION_FILE, fields, projection)


def _sculpt(fields: Fields) -> Sculpt:
    knots = fields.document.get("knots")
    pairs = [Fields(SCULPT_FILE, {"knot": knot}).numbers("knot") for knot in knots] if isinstance(knots, list) else []
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise Tampered(f"{SCULPT_FILE}: knots is {type(knots).__name__}", "a list of pairs of numbers")
    sculpt = Sculpt(
        side=fields.choice("side", ("lower", "raise")),
        knots=tuple((pair[0], pair[1]) for pair in pairs),
        findings=fields.texts("findings"),
        norms=fields.texts("norms"),
        round=fields.integer("round"),
        enabled=fields.flag("enabled"),
        ball=_ball(fields.inner("ball")) if "ball" in fields.document else None,
    )
    return named(SCULPT_FILE, fields, sculpt)


def _ball(fields: Fields) -> Ball:
    return Ball(
        space=fields.choice("space", SPACES),
        expert=fields.integer("expert"),
        centre=fields.numbers("centre"),
        core=fields.number("core"),
        radius=fields.number("radius"),
    )
