from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from iirl_core.audit import Finding, findings_from_bytes, findings_of, findings_table, findings_to_bytes
from iirl_core.canonical import Digest
from iirl_core.demonstration import Trajectory, conversation
from iirl_core.errors import ArtifactError
from iirl_core.probe.situations import UNKNOWN


def finding(*inputs: object, label: str = "far/1.0.0") -> Finding:
    return Finding(
        digest=Digest("sha256:" + "0" * 64), round=1, norm="n", hard=True, severity=3, family="far", label=label,
        note="σ = 1", inputs=inputs, rewards=(0.5,) * len(inputs), excess=0.25, step=1, source="walks", weight=2.5,  # type: ignore[arg-type]
    )  # fmt: skip


def test_conversations_and_pairs_come_back_equal() -> None:
    pair = finding(conversation("q", "a"), conversation("q", "naïve — “b” \x00"))
    assert findings_from_bytes(findings_to_bytes([pair])) == [pair]


def test_trajectories_come_back_to_the_bit() -> None:
    walk = Trajectory(np.random.default_rng(0).normal(size=(3, 2)), np.ones((3, 1)), terminal=True)
    (again,) = findings_from_bytes(findings_to_bytes([finding(walk)]))
    offender = again.offender
    assert isinstance(offender, Trajectory)
    assert np.array_equal(offender.observations, walk.observations)
    assert offender.actions is not None
    assert offender.terminal
    assert again.id == finding(walk).id


def test_no_findings_are_a_table_too() -> None:
    assert findings_from_bytes(findings_to_bytes([])) == []


def test_a_changed_row_no_longer_fits_its_id() -> None:
    table = findings_table([finding(conversation("q", "a"))])
    changed = table.set_column(table.schema.get_field_index("norm"), table.schema.field("norm"), [["other"]])
    with pytest.raises(ArtifactError, match="one id a content"):
        findings_of(changed)


def test_other_tables_and_bytes_are_refused() -> None:
    with pytest.raises(ArtifactError, match="columns"):
        findings_of(findings_table([]).drop_columns(["note"]))
    with pytest.raises(ArtifactError, match="cannot be read"):
        findings_from_bytes(b"PAR1 not really")


LAST = ("smaller", "command")


@pytest.mark.parametrize(
    "later", [LAST, ("situation", "twin", *LAST), ("source", "weight", "situation", "twin", *LAST)]
)
def test_findings_from_before_a_column_was_kept_are_still_read(later: tuple[str, ...]) -> None:
    unknown = {"source": "", "weight": 1.0, "situation": UNKNOWN, "twin": "", "smaller": ()}
    pair = replace(
        finding(conversation("q", "a"), conversation("q", "b")), source="desk", weight=2.0, situation=3, twin="f-0"
    )
    (again,) = findings_of(findings_table([pair]).drop_columns(list(later)))
    assert again == replace(pair, **{name: unknown[name] for name in later if name != "command"})
    assert again.id == pair.id


def test_a_row_holds_the_smaller_inputs_and_what_asks_again() -> None:
    one = replace(finding(conversation("q", "a b c")), smaller=(conversation("q", "b"),))
    table = findings_table([one])
    (row,) = table.to_pylist()
    assert row["command"] == f"iirl why CONFIG.yaml --artifact {one.digest} --on {one.id}"
    assert '"content":"b"' in row["smaller"][0]
    assert findings_of(table) == [one]
