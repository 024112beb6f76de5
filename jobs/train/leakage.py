"""Prompts that would be learnt from and judged on: refused before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator

from iirl_core.canonical import JsonValue
from iirl_core.config import Config
from iirl_core.corpus import Corpus, identity_of
from iirl_core.demonstration import Conversation, Split
from iirl_core.errors import ConfigError
from iirl_core.evaluation import prompt_of
from iirl_core.records import Quarantined
from jobs.evaluate.reading import rows_of
from jobs.ingest.sources import find_files
from jobs.train.sources import Sources

HELD_OUT: tuple[Split, ...] = ("guard", "unseen")


def check_leakage(config: Config, sources: Sources) -> None:
    """Nothing to do where no prompt (no trajectory) of a train split is also held out, in another corpus or in a suite
    of files.

    One prompt, letter by letter, falls into one split wherever the train fraction is the same, so that corpora are only
    read where theirs differ, or where there are suites.

    Raises:
        ConfigError: some are.
        Tampered: a shard does not match its digest.
    """
    corpora = (*sources.demonstrations, *sources.negatives)
    shares = [_train_share(corpus.manifest.config) for corpus in corpora]
    if None in shares or len(set(shares)) > 1:
        _check_splits(corpora)
    if config.evaluate.suites:
        _check_suites(config, corpora)


def _train_share(recorded: JsonValue) -> float | None:
    """Which fraction went to train, where ingest recorded it."""
    split = recorded.get("split") if isinstance(recorded, dict) else None
    share = split.get("train") if isinstance(split, dict) else None
    return float(share) if isinstance(share, int | float) else None


def _check_splits(corpora: tuple[Corpus, ...]) -> None:
    learnt: dict[str, str] = {}
    for corpus in corpora:
        learnt |= dict.fromkeys(_keys(corpus, "train"), corpus.manifest.name)
    for corpus in corpora:
        for split in HELD_OUT:
            shared = {key for key in _keys(corpus, split) if key in learnt}
            if shared:
                held, name = corpus.manifest.name, learnt[min(shared)]
                raise ConfigError(
                    f"{len(shared)} in the {split} split of corpus {held} are also in the train split of {name}",
                    "no prompt or trajectory in two splits",
                    "Give both corpora the same corpora[].split.train, then run: iirl ingest CONFIG.yaml",
                )


def _keys(corpus: Corpus, split: Split) -> Iterator[str]:
    """Its prompt, in which case and white space do not count, or the trajectory itself."""
    for one in corpus.demonstrations(split):
        yield prompt_of(one.input) if isinstance(one.input, Conversation) else identity_of(one.input)


def _check_suites(config: Config, corpora: tuple[Corpus, ...]) -> None:
    asked = {section.name: _prompts(config, section.name) for section in config.evaluate.suites}
    for corpus in corpora:
        learnt = {prompt_of(one.input) for one in corpus.demonstrations("train") if isinstance(one.input, Conversation)}
        for name, prompts in asked.items():
            if shared := prompts & learnt:
                raise ConfigError(
                    f"{len(shared)} of the {len(prompts)} prompts of the suite {name} are in the train split of corpus"
                    f" {corpus.manifest.name}",
                    "evaluation on prompts that were not trained on",
                    "Name the suite's files in corpora[].decontaminate, then run: iirl ingest CONFIG.yaml",
                )


def _prompts(config: Config, name: str) -> frozenset[str]:
    """Those of a suite's rows that can be used."""
    section = next(one for one in config.evaluate.suites if one.name == name)
    files = find_files(section.files, f"evaluate.suites: {name}.files")
    return frozenset(row.facts().prompt for row in rows_of(section, files) if not isinstance(row, Quarantined))
