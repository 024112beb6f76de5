"""The rows of a suite's files, streaming; what cannot be used is quarantined with its file, line and reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from iirl_core.config.suites import (
    BestOfNSection,
    GoldenColumnSection,
    GoldenScoresSection,
    JudgeSection,
    Suite,
    TransferSection,
)
from iirl_core.errors import ConfigError, CorpusEmpty, InputError
from iirl_core.evaluation import GRADED, Columns, GradedRow, JudgedRow, golden_of, prompt_digest, read_judged
from iirl_core.records import Quarantined, RawRecord, RecordFile, open_records
from jobs.ingest.sources import find_files

Row = GradedRow | JudgedRow
Scores = Mapping[tuple[str, int], float]
"""By the file's name and line, as ``iirl score`` writes them."""
KEY = "evaluate.suites.golden.files"
REASONS = 3
"""Of quarantined rows, kept and shown."""


def rows_of(section: Suite, files: Sequence[RecordFile]) -> Iterator[Row | Quarantined]:
    """All rows of all files, in constant memory but for golden scores that lie in files of their own.

    Raises:
        ConfigError: no file of golden scores is where the section says, or as ``scores_in``.
    """
    read = _reader(section)
    for file in files:
        for record in open_records(file):
            if isinstance(record, Quarantined):
                yield record
                continue
            try:
                yield read(record, file)
            except InputError as error:
                yield Quarantined(record.file, record.line, str(error))


def prompts_of(section: Suite, files: Sequence[RecordFile]) -> Iterator[str]:
    """What every row asks (``prompt_digest``), also one that is set aside for want of a score or of a policy's name:
    the score may be made later.
    """
    judged = isinstance(section, JudgeSection | TransferSection | BestOfNSection)
    read = _judged(Columns(None)) if judged else _reader(section)
    for file in files:
        for record in open_records(file):
            if isinstance(record, RawRecord):
                with suppress(InputError):
                    yield prompt_digest(read(record, file).answers[0])


def _reader(section: Suite) -> Callable[[RawRecord, RecordFile], Row]:
    match section:
        case JudgeSection() | TransferSection():
            return _judged(Columns(section.policy, section.judge, probability=True))
        case BestOfNSection(golden=GoldenColumnSection(column=column)):
            return _judged(Columns(section.policy, column))
        case BestOfNSection(golden=GoldenScoresSection() as golden):
            return _scored(_judged(Columns(section.policy)), scores_in(golden))
        case BestOfNSection():
            return _judged(Columns(section.policy))
    suite = GRADED[section.kind]
    return lambda record, _: suite.read(record.document)


def _judged(columns: Columns) -> Callable[[RawRecord, RecordFile], JudgedRow]:
    return lambda record, file: read_judged(record.document, columns, file.stem)


def _scored(
    read: Callable[[RawRecord, RecordFile], JudgedRow], scores: Scores
) -> Callable[[RawRecord, RecordFile], JudgedRow]:
    def joined(record: RawRecord, file: RecordFile) -> JudgedRow:
        golden = scores.get((record.file, record.line))
        if golden is None:
            raise InputError("no golden score of this line", "one with its source and line")
        return replace(read(record, file), golden=golden)

    return joined


def scores_in(section: GoldenScoresSection) -> Scores:
    """Rows of ``source``, ``line`` and a number. What has none is left out (``iirl score`` could not read it), and the
    line that it speaks of is then quarantined for want of a score; so is a side of a comparison, which is no answer to
    pick.

    Raises:
        ConfigError: there is no such file, or a line has two scores: another file of its name was scored, too.
    """
    found: dict[tuple[str, int], float] = {}
    for file in find_files(section.files, KEY):
        for record in open_records(file):
            document = record.document if isinstance(record, RawRecord) else None
            if not isinstance(document, Mapping):
                continue
            source, line, side = (document.get(key) for key in ("source", "line", "side"))
            if isinstance(source, str) and isinstance(line, int) and side is None:
                with suppress(InputError):
                    score = golden_of(document, section.column, probability=False)
                    if (other := found.setdefault((source, line), score)) != score:
                        raise ConfigError(
                            f"two golden scores of {source} line {line}: {other} and {score} in {file.name}",
                            "one of each line",
                            f"Name in {KEY} only what was scored of the suite's own files, once",
                        )
    return found


@dataclass
class Quarantine:
    """How many rows of a suite were set aside, and the first reasons."""

    count: int = 0
    reasons: list[str] = field(default_factory=list)

    def usable(self, rows: Iterator[Row | Quarantined]) -> Iterator[Row]:
        """The other rows."""
        for row in rows:
            if not isinstance(row, Quarantined):
                yield row
                continue
            self.count += 1
            if self.count <= REASONS:
                self.reasons.append(f"{row.file} line {row.line}: {row.reason}")

    def nothing_of(self, section: Suite) -> CorpusEmpty:
        """The error of a suite without a row that can be used."""
        return CorpusEmpty(f"no row of {section.name} can be used ({'; '.join(self.reasons) or 'its files are empty'})")
