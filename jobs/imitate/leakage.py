"""Prompts that would be imitated and judged on: refused before anything is loaded."""

from __future__ import annotations

from collections.abc import Sequence

from iirl_core.config import Config
from iirl_core.config.suites import Suite
from iirl_core.corpus import Corpus
from jobs.console import Progress
from jobs.ingest.sources import files_at
from jobs.train.leakage import check_splits, those_there
from jobs.train.suite_leakage import check_suites, key_of_files


def check_imitated(config: Config, imitated: Sequence[Corpus], progress: Progress) -> None:
    """Nothing to do where no prompt of a train split of the ``imitated`` corpora is reserved for judging, as
    ``iirl train`` asks of what it learns from: in a guard or unseen split of them, or of other corpora of the
    configuration, or in its suites.

    Others are those with files that were ingested: what ``iirl sample`` makes has the splits of the prompts that it
    answers, and of probes and samples nothing is judged on. A suite's file that is not there yet, as of answers that
    this policy is still to give, is not looked at, which is said.

    Raises:
        ConfigError: some are, or a suite's files cannot be read.
        Tampered: a shard does not match its digest.
    """
    mine = {corpus.manifest.name for corpus in imitated}
    judging = [one for one in config.corpora if one.files and one.role not in ("probes", "samples")]
    others = [one.name for one in judging if one.name not in mine]
    check_splits(imitated, (*imitated, *those_there(imitated[0].store, others)))
    suites = [_as_it_is(one, progress) for one in config.evaluate.suites]
    check_suites([one for one in suites if one.files], imitated)


def _as_it_is(section: Suite, progress: Progress) -> Suite:
    """With the files alone that are there."""
    there = []
    for pattern in section.files:
        if files_at(pattern, key_of_files(section)):
            there.append(pattern)
        else:
            progress.say(f"suite {section.name}: no file at {pattern} to look for prompts in that are imitated")
    return section.model_copy(update={"files": there})
