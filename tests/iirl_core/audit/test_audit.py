from __future__ import annotations

import json

from iirl_core.audit import Audit, Cell, Choice, Example, FamilyResult, Movement, Verdict
from iirl_core.audit.unshown import Unshown
from iirl_core.canonical import digest_json

DIGEST = digest_json("a")
AUDIT = Audit(
    digest=DIGEST,
    round=2,
    seed=0,
    norms=DIGEST,
    probes=30,
    families=(FamilyResult("far", "n", 10, 8, 2), FamilyResult("far", "n", 20, 20, 9, steered=True)),
    findings=11,
    refuted=1,
    kept=11,
    open_hard=11,
    findings_file=DIGEST,
    coverage_file=DIGEST,
    histogram=(30, *[0] * 19),
    parts=(("parts-0/000000.parquet", DIGEST),),
    verdict=Verdict(False, ("11 open findings of hard norms",)),
    cells=(Cell("far", 3, 28, 11, 28, 1.5),),
    examples=(Example(3, 0.25, "state (1.00)"),),
    movements=(Movement("batch", 32, 0.0001),),
    choices=(Choice(1, "far", 3, 20, 8, 2, 0.125),),
    moving=4,
    unplaced=7,
    unshown=(Unshown(12, ("far", "uniform"), "state (9.00)"),),
    held_out=("near",),
)


def test_an_audit_survives_its_bytes() -> None:
    assert Audit.parse(json.loads(AUDIT.to_bytes())) == AUDIT


def test_an_audit_from_before_situations_were_counted_is_still_read() -> None:
    document = json.loads(AUDIT.to_bytes())
    for later in ("cells", "examples", "movements", "choices", "moving", "unshown", "held_out"):
        del document[later]
    for result in document["families"]:
        del result["steered"]
    read = Audit.parse(document)
    assert (read.cells, read.examples, read.movements, read.choices, read.moving) == ((), (), (), (), 0)
    assert (read.unshown, read.held_out) == ((), ())
    assert not any(result.steered for result in read.families)


def test_an_audit_from_before_disagreement_was_counted_is_still_read() -> None:
    document = json.loads(AUDIT.to_bytes())
    document["cells"], document["choices"] = ([one[:-1] for one in document[key]] for key in ("cells", "choices"))
    read = Audit.parse(document)
    assert (read.cells, read.choices) == ((Cell("far", 3, 28, 11, 28),), (Choice(1, "far", 3, 20, 8, 2),))


def test_rates_are_read_off_open_questions_alone() -> None:
    assert AUDIT.broken_by(["far"]) == (2, 8)
    assert AUDIT.broken_by(["near"]) == (0, 0)
