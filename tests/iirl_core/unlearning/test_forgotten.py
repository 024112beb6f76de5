from __future__ import annotations

import dataclasses

import pytest

from iirl_core.canonical import digest_bytes
from iirl_core.errors import Tampered
from iirl_core.signing.fields import Fields
from iirl_core.unlearning import Forgotten, Remains, Way
from iirl_core.unlearning.remains import Treatment

BEFORE = Treatment(-0.1, 0.9, -0.3, 0.6, 0.8, 0.7, 0.9)
AFTER = Treatment(-0.3, 0.6, -0.3, 0.6, 0.52, 0.41, 0.63)
FORGOTTEN = Forgotten(
    12,
    (("walks", digest_bytes(b"walks")),),
    Way.REFITTED,
    epochs=5,
    dropped=3,
    guarded=40,
    overdrawn=2,
    keeps=0.9,
    remains=Remains(8, 10, BEFORE, AFTER),
)


def again(forgotten: Forgotten, **changes: object) -> Forgotten:
    return Forgotten.from_fields(Fields("manifest.json", {**forgotten.document(), **changes}))  # type: ignore[dict-item]


def test_it_survives_its_document() -> None:
    assert again(FORGOTTEN) == FORGOTTEN
    unknown = dataclasses.replace(FORGOTTEN, remains=None, way=Way.KEPT, epochs=0)
    assert again(unknown) == unknown
    charged = dataclasses.replace(FORGOTTEN, against=digest_bytes(b"root"))
    assert again(charged) == charged
    assert "against" not in FORGOTTEN.document(), "as artifacts that were sealed before"


@pytest.mark.parametrize(
    "changes", [{"way": "somehow"}, {"records": -1}, {"remains": {"forgotten": 1}}, {"corpora": {"walks": "latest"}}]
)
def test_what_is_not_as_it_was_written_is_not_trusted(changes: dict[str, object]) -> None:
    with pytest.raises(Tampered):
        again(FORGOTTEN, **changes)
