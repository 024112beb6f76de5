"""``iirl score REF FILE``: rewards of a file's records (or of a corpus in the store), offline, without Ray.

One row per record, in order, streamed; a comparison has two, its chosen and its rejected side. A record that cannot be
scored has a row too: its ``error`` says why, and its numbers are null.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from iirl_core.artifact import Artifact, load, load_from
from iirl_core.corpus import read_corpus
from iirl_core.demonstration import Input, Trajectory
from iirl_core.errors import ConfigError, CorpusEmpty, InputError, NotFound
from iirl_core.reading import Reading
from iirl_core.records import Quarantined, open_records, parse_record
from iirl_core.release import resolve
from iirl_core.store import Store
from jobs.outcome import Outcome
from jobs.score_lines import Line, writer

BATCH = 256
STEPS = 8192
"""A batch ends at so many inputs, or steps of trajectories: memory stays constant."""


Located = tuple[Line, Input | None]
"""Where a row comes from, and what it asks (None: it could not be read, and the line says why)."""


def run(store: Store, reference: str, file: Path, out: str | None, *, trust_remote_code: bool = False) -> Outcome:
    """Score ``file`` with what ``reference`` means (NAME, NAME@CHANNEL, ``sha256:…`` or an artifact's folder).

    ``out`` names a .jsonl or .parquet file; None prints JSONL on standard output.

    Raises:
        ConfigError: there is neither a file nor a corpus of that name, or ``out`` has another ending.
        CorpusEmpty: no record could be scored.
        NotFound, Tampered, ArtifactError: as ``resolve`` and ``load``.
    """
    rows = _located(store, file)
    with writer(out) as write:
        artifact = _artifact(store, reference, trust_remote_code)
        scored, refused = 0, []
        for batch in _batches(rows):
            lines = list(_scored(artifact, batch))
            write(lines)
            scored += sum(line.error is None for line in lines)
            refused += [line for line in lines if line.error is not None]
        if not scored:
            reasons = (
                "; ".join(f"{line.source} line {line.line}: {line.error}" for line in refused[:3]) or "it is empty"
            )
            raise CorpusEmpty(f"no record of {file} could be scored ({reasons})")
    left = f"; {len(refused)} records could not be scored, see their error" if refused else ""
    version = f"{artifact.manifest.name} {artifact.manifest.version}"
    return Outcome(f"{scored} rewards of {version}{left}", out or "")


def _artifact(store: Store, reference: str, remote: bool) -> Artifact:
    if (Path(reference) / "manifest.json").is_file():
        return load(reference, trust_remote_code=remote)
    return load_from(store, resolve(store, reference), trust_remote_code=remote)


def _located(store: Store, file: Path) -> Iterator[Located]:
    if file.is_file():
        return _records(file)
    try:
        corpus = read_corpus(store, str(file))
    except (NotFound, InputError) as error:
        raise ConfigError(f"there is no file and no corpus {file}", "a file of records, or a corpus's name") from error
    named = enumerate(corpus.demonstrations(), start=1)
    return ((Line(demonstration.id, line), demonstration.input) for line, demonstration in named)


def _records(file: Path) -> Iterator[Located]:
    for record in open_records(file):
        here = Line(record.file, record.line)
        if isinstance(record, Quarantined):
            yield replace(here, error=record.reason), None
            continue
        document = record.document
        compared = isinstance(document, dict) and "chosen" in document and "rejected" in document
        for side in ("chosen", "rejected") if compared else (None,):
            try:
                yield replace(here, side=side), parse_record(document, side)
            except InputError as error:
                yield replace(here, side=side, error=str(error)), None


def _batches(rows: Iterable[Located]) -> Iterator[list[Located]]:
    batch: list[Located] = []
    steps = 0
    for one in rows:
        batch.append(one)
        steps += len(one[1]) if isinstance(one[1], Trajectory) else 1
        if len(batch) >= BATCH or steps >= STEPS:
            yield batch
            batch, steps = [], 0
    if batch:
        yield batch


def _scored(artifact: Artifact, batch: list[Located]) -> Iterator[Line]:
    inputs = [item for _, item in batch if item is not None]
    try:
        readings = iter(artifact.read(inputs))
    except InputError:  # one of them does not fit the model: each by itself, to say which
        readings = None
    for line, item in batch:
        if item is None:
            yield line
        elif readings is not None:
            yield _line(line, next(readings))
        else:
            try:
                yield _line(line, artifact.read([item])[0])
            except InputError as error:
                yield replace(line, error=str(error))


def _line(line: Line, reading: Reading) -> Line:
    evidence, tokens = reading.evidence, reading.tokens
    return replace(
        line,
        reward=reading.reward,
        signal=reading.signal,
        uncertainty=reading.uncertainty,
        disagreement=evidence.disagreement,
        support_distance=evidence.support_distance,
        unpatched_reward=evidence.unpatched_reward,
        reshaped=evidence.reshaped,
        suppressed=evidence.suppressed,
        boosted=evidence.boosted,
        patches=evidence.patches,
        gate=evidence.gate,
        step_rewards=reading.step_rewards,
        tokens=None if tokens is None else tokens.count,
        truncated=None if tokens is None else tokens.truncated,
    )
