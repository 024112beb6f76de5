"""``iirl init FILE``: look at the first records of a file and write a configuration that fits them.

Look (read records), decide (``draft``: a pure function), write (a commented YAML that loads before it is kept).
"""

from __future__ import annotations

import math
import os
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from iirl_core.config import load_config
from iirl_core.demonstration import Comparison, Conversation, Trajectory
from iirl_core.errors import ConfigError, InputError
from iirl_core.records import Quarantined, open_records, parse_comparison, parse_record
from iirl_core.records.formats import stem_of
from jobs.outcome import Outcome

LOOKED_AT = 500
"""Records that are looked at; the rest are met by ``ingest``."""
_FEW = 30
"""Fewer whole trajectories than this do not split into training, guard and unseen: they are cut into segments."""
_SEGMENTS = 100
_CHARACTERS_PER_TOKEN = 4

Record = Conversation | Comparison | Trajectory


@dataclass(frozen=True)
class Sample:
    """The first records of a file: those that can be read, those that will be quarantined, and whether more follow."""

    records: tuple[Record, ...]
    quarantined: tuple[Quarantined, ...]
    more: bool


@dataclass(frozen=True)
class Draft:
    """What the configuration will say. ``segment`` is None where trajectories stay whole; ``negatives`` says where they
    come from.
    """

    kind: Literal["conversation", "trajectory"]
    negatives: Literal["rejected", "mismatched", "none"]
    found: str
    max_tokens: int = 256
    rows: Literal["states", "state-actions"] = "states"
    width: int = 0
    bottleneck: int = 2
    segment: int | None = None


def run(file: Path, name: str | None, out: Path) -> Outcome:
    """Write ``out`` for the records in ``file``.

    Raises:
        ConfigError: ``file`` is missing or of an unknown format, ``out`` exists already, or ``name`` is not a name.
        InputError: no record can be read, or records of several kinds are mixed.
    """
    if not file.is_file():
        raise ConfigError(f"no file at {file}", todo="Name one JSONL, JSON, Parquet, NPZ or HDF5 file")
    sample = look(file)
    text = _render(draft(sample), name or name_of(file), os.path.relpath(file, out.parent))
    try:
        with out.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise ConfigError(f"{out} exists already", todo="Name another with --out") from error
    except OSError as error:
        raise ConfigError(f"{out} cannot be written ({error.strerror})", todo="Name another with --out") from error
    try:
        config = load_config(out)
    except ConfigError:
        out.unlink()  # what does not load is not kept
        raise
    made = f"a configuration for {config.name}: {draft(sample).found}"
    if sample.quarantined:
        first = sample.quarantined[0]
        made += f"; {len(sample.quarantined)} more will be quarantined (line {first.line}: {first.reason})"
    return Outcome(made, str(out), f"iirl ingest {out}")


def look(file: Path, limit: int = LOOKED_AT) -> Sample:
    """Read the first ``limit`` rows.

    Raises:
        ConfigError: the name declares no known format.
    """
    records: list[Record] = []
    quarantined: list[Quarantined] = []
    rows = open_records(file)
    for row in islice(rows, limit):
        if isinstance(row, Quarantined):
            quarantined.append(row)
            continue
        try:
            records.append(_record_of(row.document))
        except InputError as error:
            quarantined.append(Quarantined(row.file, row.line, str(error)))
    return Sample(tuple(records), tuple(quarantined), more=next(rows, None) is not None)


def _record_of(document: object) -> Record:
    if isinstance(document, dict) and document.get("chosen") is not None and document.get("rejected") is not None:
        return parse_comparison(document)
    return parse_record(document)


def draft(sample: Sample) -> Draft:
    """What to write about ``sample``.

    Raises:
        InputError: nothing in it can be read, or kinds are mixed.
    """
    if not sample.records:
        reasons = [f"line {row.line}: {row.reason}" for row in sample.quarantined[:3]] or ["the file is empty"]
        raise InputError(f"no record can be read ({'; '.join(reasons)})", "demonstrations, one a row")
    kinds = {type(record).__name__ for record in sample.records}
    if len(kinds) > 1:
        raise InputError(f"records of several kinds ({', '.join(sorted(kinds))})", "one kind a file")
    trajectories = [record for record in sample.records if isinstance(record, Trajectory)]
    return _draft_trajectories(trajectories, sample.more) if trajectories else _draft_text(sample)


def _draft_text(sample: Sample) -> Draft:
    answers = [r.chosen if isinstance(r, Comparison) else r for r in sample.records if not isinstance(r, Trajectory)]
    lengths = [sum(len(message.content) for message in answer.messages) for answer in answers]
    long = sorted(lengths)[math.ceil(0.95 * len(lengths)) - 1] > 256 * _CHARACTERS_PER_TOKEN
    compared = isinstance(sample.records[0], Comparison)
    negatives: Literal["rejected", "mismatched", "none"] = (
        "rejected" if compared else "mismatched" if all(answer.context for answer in answers) else "none"
    )
    what = "comparisons" if compared else "conversations"
    return Draft("conversation", negatives, _found(len(answers), what, sample.more), max_tokens=512 if long else 256)


def _draft_trajectories(trajectories: Sequence[Trajectory], more: bool) -> Draft:
    widths = {trajectory.observations.shape[1] for trajectory in trajectories}
    if len(widths) > 1:
        raise InputError(f"observations of {' and '.join(map(str, sorted(widths)))} dimensions", "one dimension a file")
    acting = all(trajectory.actions is not None for trajectory in trajectories)
    steps = sum(map(len, trajectories))
    width = widths.pop() + (trajectories[0].actions.shape[1] if acting and trajectories[0].actions is not None else 0)
    few = not more and len(trajectories) < _FEW and statistics.median(map(len, trajectories)) > 1
    found = _found(len(trajectories), "trajectories", more)
    return Draft(
        "trajectory",
        "none",
        f"{found}, {steps:,} steps of {trajectories[0].observations.shape[1]} observations"
        + (" with actions" if acting else ""),
        rows="state-actions" if acting else "states",
        width=width,
        bottleneck=max(1, min(8, width // 2)),
        segment=max(1, steps // _SEGMENTS) if few else None,
    )


def _found(count: int, what: str, more: bool) -> str:
    return f"{'at least ' if more else ''}{count:,} {what}"


def name_of(file: Path) -> str:
    """A reward model's name from a file's: lower case, letters, digits and hyphens."""
    slug = re.sub(r"[^a-z0-9]+", "-", stem_of(file.name).lower()).strip("-")
    return slug or "reward"


def _render(plan: Draft, name: str, file: str) -> str:
    import jinja2  # only this tool renders YAML

    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise ConfigError(f"the name {name!r}", "lower-case letters, digits and hyphens", "Name it with --name")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 (YAML: strings go through tojson)
    )
    return environment.get_template("init.yaml.jinja").render(plan=plan, name=name, file=file)
