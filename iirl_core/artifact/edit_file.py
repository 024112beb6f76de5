"""``patches/edits.json``: all weight edits of an artifact, enabled or not, as canonical JSON."""

from __future__ import annotations

from iirl_core.artifact.patch_file import named
from iirl_core.errors import Tampered
from iirl_core.patch.edit import Change, WeightEdit
from iirl_core.signing.fields import Fields

EDIT_FILE = "patches/edits.json"


def read_edit(fields: Fields) -> WeightEdit:
    """One weight edit.

    Raises:
        Tampered: a field is missing or of another type, or the id does not name its edit.
        ArtifactError: it is not valid.
    """
    edit = WeightEdit(
        changes=tuple(_change(inner) for inner in fields.inners("changes")),
        findings=fields.texts("findings"),
        norms=fields.texts("norms"),
        round=fields.integer("round"),
        enabled=fields.flag("enabled"),
    )
    return named(EDIT_FILE, fields, edit)


def _change(fields: Fields) -> Change:
    shape = fields.document.get("shape")
    sizes = shape if isinstance(shape, list) else []
    whole = tuple(size for size in sizes if isinstance(size, int) and not isinstance(size, bool))
    if not whole or len(whole) != len(sizes):
        raise Tampered(f"{EDIT_FILE}: shape is {type(shape).__name__}", "a list of integers")
    return Change(
        parameter=fields.text("parameter"),
        shape=whole,
        rank=fields.integer("rank"),
        left=fields.numbers("left"),
        right=fields.numbers("right"),
    )
