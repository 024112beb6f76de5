"""Prompts of suites of files that would be learnt from: refused before anything is trained, or imitated."""

from __future__ import annotations

from collections.abc import Sequence

from iirl_core.config.suites import Suite
from iirl_core.corpus import Corpus
from iirl_core.errors import ConfigError
from iirl_core.records import RecordFile
from jobs.evaluate.contamination import trained_in
from jobs.evaluate.reading import prompts_of
from jobs.ingest.sources import find_files


def check_suites(suites: Sequence[Suite], learnt: Sequence[Corpus]) -> None:
    """Nothing to do where no prompt of the ``suites``, case and white space aside, is in a train split of what is
    ``learnt``, which streams by.

    Raises:
        ConfigError: some are, or a suite's file is missing.
        Tampered: a shard does not match its digest.
    """
    asked = {section.name: asked_prompts(section) for section in suites}
    suspects = frozenset().union(*asked.values())
    for corpus in learnt if suspects else ():
        found = trained_in(corpus, suspects)
        for name, prompts in asked.items():
            if shared := prompts & found:
                raise ConfigError(
                    f"{len(shared)} of the {len(prompts)} prompts of the suite {name} are in the train split of corpus"
                    f" {corpus.manifest.name}",
                    "evaluation on prompts that were not trained on",
                    "Name the suite's files in corpora[].decontaminate, then run: iirl ingest CONFIG.yaml",
                )


def files_of(section: Suite) -> tuple[RecordFile, ...]:
    """A suite's files.

    Raises:
        ConfigError: one is missing.
    """
    return find_files(section.files, key_of_files(section))


def key_of_files(section: Suite) -> str:
    """Where the configuration names them."""
    return f"evaluate.suites: {section.name}.files"


def asked_prompts(section: Suite) -> frozenset[str]:
    """Those of a suite's rows, also of the rows that have no golden score yet.

    Raises:
        ConfigError: a file is missing.
    """
    return frozenset(prompts_of(section, files_of(section)))
