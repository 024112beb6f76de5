"""The evaluation sets of ``corpora[].decontaminate``: files → an index of their prompts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iirl_core.config import Config
from iirl_core.config.corpora import CorpusSection
from iirl_core.corpus.decontamination import EvaluationPrompts, evaluation_prompts, prompt_of
from iirl_core.errors import ConfigError, InputError, one_line
from iirl_core.records import Quarantined, RecordFile, open_records
from iirl_core.records.lines import EMPTY_ROW
from jobs.ingest.sources import find_files


def find_evaluation(section: CorpusSection, config: Config) -> tuple[RecordFile, ...]:
    """The files of the evaluation sets of ``section``: those it names, and those of the corpora that it names.

    Raises:
        ConfigError: a pattern names no file, a file is of no known format, or a corpus has none.
    """
    files = {corpus.name: corpus.files for corpus in config.corpora}
    for each in section.decontaminate:
        if each in files and not files[each]:
            raise ConfigError(f"corpora.decontaminate of {section.name}: {each} has no files", "a corpus with files")
    return find_files([path for each in section.decontaminate for path in files.get(each, [each])])


def read_evaluation(files: Sequence[RecordFile]) -> EvaluationPrompts | None:
    """Their prompts; None where there are no files.

    Raises:
        ConfigError: a row has no prompt. To leave it out would leave its prompt in what is learnt. A blank line has
            none.
    """
    return evaluation_prompts(prompt for file in files for prompt in _prompts(file)) if files else None


def _prompts(file: RecordFile) -> Iterator[tuple[str, str]]:
    for row in open_records(file):
        place = f"{row.file}:{row.line}"
        if isinstance(row, Quarantined):
            if row.reason == EMPTY_ROW:
                continue
            raise ConfigError(f"{place} {row.reason}", "an evaluation prompt", "Mend it, or corpora.decontaminate")
        try:
            yield place, prompt_of(row.document)
        except InputError as error:
            todo = "Mend it, or corpora.decontaminate"
            raise ConfigError(f"{place} {one_line(error).rstrip('.')}", "an evaluation prompt", todo) from error
