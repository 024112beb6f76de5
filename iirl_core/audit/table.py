"""Findings ↔ Arrow, and Parquet bytes: one row a finding; its inputs as canonical JSON, so that any input fits."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from iirl_core.audit.finding import Finding
from iirl_core.canonical import canonical_json
from iirl_core.errors import ArtifactError, InputError
from iirl_core.records import document_of, parse_record

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("digest", pa.string(), nullable=False),
        pa.field("round", pa.int32(), nullable=False),
        pa.field("norm", pa.string(), nullable=False),
        pa.field("hard", pa.bool_(), nullable=False),
        pa.field("severity", pa.int8(), nullable=False),
        pa.field("family", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("note", pa.string(), nullable=False),
        pa.field("inputs", pa.list_(pa.string()), nullable=False),
        pa.field("rewards", pa.list_(pa.float64()), nullable=False),
        pa.field("excess", pa.float64(), nullable=False),
        pa.field("step", pa.int32(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("weight", pa.float64(), nullable=False),
        pa.field("situation", pa.int32(), nullable=False),
        pa.field("twin", pa.string(), nullable=False),
        pa.field("smaller", pa.list_(pa.string()), nullable=False),
        pa.field("command", pa.string(), nullable=False),
    ]
)
FORMER = tuple(pa.schema(list(SCHEMA)[:columns]) for columns in (-2, -4, -6))
"""What was kept before findings had smaller inputs and a command, before they had a situation and twins, and before
they had a source and a weight (it was 1).
"""
INPUTS = ("inputs", "smaller")
"""The columns of inputs."""


def findings_table(findings: Sequence[Finding]) -> pa.Table:
    """One row a finding, in order."""
    return pa.Table.from_pylist([_row(finding) for finding in findings], schema=SCHEMA)


def _row(finding: Finding) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(finding, name) for name in SCHEMA.names}
    for name in INPUTS:
        row[name] = [canonical_json(document_of(item)).decode() for item in getattr(finding, name)]
    return row


def findings_of(table: pa.Table) -> list[Finding]:
    """The inverse of ``findings_table``; also of tables with the columns of ``FORMER``.

    Raises:
        ArtifactError: the table has other columns, a row cannot be read, or an id does not fit its row.
    """
    if not any(table.schema.equals(schema) for schema in (SCHEMA, *FORMER)):
        raise ArtifactError(f"a table of findings with columns {table.schema.names}", f"columns {SCHEMA.names}")
    findings = []
    for row in table.to_pylist():
        name = row.pop("id")
        row.pop("command", None)  # it follows from the others
        try:
            row |= {key: tuple(parse_record(json.loads(text)) for text in row[key]) for key in INPUTS if key in row}
        except (InputError, json.JSONDecodeError) as error:
            raise ArtifactError(f"the inputs of finding {name} cannot be read ({error})") from error
        finding = Finding(**{**row, "rewards": tuple(row["rewards"])})
        if finding.id != name:
            raise ArtifactError(f"finding {name} is stored with the content of {finding.id}", "one id a content")
        findings.append(finding)
    return findings


def findings_to_bytes(findings: Sequence[Finding]) -> bytes:
    """As Parquet."""
    sink = io.BytesIO()
    pq.write_table(findings_table(findings), sink, compression="zstd")
    return sink.getvalue()


def findings_from_bytes(data: bytes) -> list[Finding]:
    """The inverse of ``findings_to_bytes``.

    Raises:
        ArtifactError: these bytes are no table of findings.
    """
    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowInvalid, OSError) as error:
        raise ArtifactError(f"findings cannot be read ({error})") from error
    return findings_of(table)
