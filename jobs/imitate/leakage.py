"""Prompts that would be imitated and judged on: refused before anything is loaded."""

from __future__ import annotations

from collections.abc import Sequence

from iirl_core.config import Config
from iirl_core.config.suites import Suite
from iirl_core.corpus import Corpus
from iirl_core.errors import ConfigError
from jobs.console import Progress
from jobs.train.leakage import check_splits, those_there
from jobs.train.suite_leakage import check_suites, files_of


def check_imitated(config: Config, imitated: Sequence[Corpus], progress: Progress) -> None:
    """Nothing to do where no prompt of a train split of the ``imitated`` corpora is reserved for judging, as
    ``iirl train`` asks of what it learns from: in a guard or unseen split of them, or of other corpora of the
    configuration, or in its suites.

    Others are those with files that were ingested: what ``iirl sample`` makes has the splits of the prompts that it
    answers, and probes are judged on by nobody. A suite whose files are not there yet, as of answers that this policy
    is still to give, is not looked at, which is said.

    Raises:
        ConfigError: some are.
        Tampered: a shard does not match its digest.
    """
    mine = {corpus.manifest.name for corpus in imitated}
    others = [one.name for one in config.corpora if one.files and one.role != "probes" and one.name not in mine]
    check_splits(imitated, (*imitated, *those_there(imitated[0].store, others)))
    check_suites([one for one in config.evaluate.suites if _is_there(one, progress)], imitated)


def _is_there(section: Suite, progress: Progress) -> bool:
    try:
        files_of(section)
    except ConfigError as error:
        progress.say(f"suite {section.name} is not looked at for prompts that are imitated: {error.wrong}")
        return False
    return True
