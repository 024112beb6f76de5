"""Prompts that would be learnt from and judged on: refused before anything is trained, or imitated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from iirl_core.artifact import Artifact
from iirl_core.canonical import JsonValue
from iirl_core.config import Config
from iirl_core.corpus import Corpus, identity_of, read_corpus
from iirl_core.demonstration import Conversation, Input, Split
from iirl_core.errors import ConfigError, NotFound
from iirl_core.evaluation import prompt_digest
from iirl_core.store.protocol import Store
from jobs.lineage import Ancestor, lineage
from jobs.train.sources import CORRECTIONS, SAMPLES, SELECTED, Sources
from jobs.train.suite_leakage import asked_prompts, check_suites

RESERVED: tuple[Split, ...] = ("guard", "unseen")
"""What must not be learnt from: it is judged on. (What training is judged on while it lasts, ``train.held_out``, is
of the train split.)"""


def check_leakage(config: Config, sources: Sources, parent: Artifact | None = None) -> None:
    """Nothing to do where no prompt (no trajectory) of a train split is also reserved for judging, in another corpus,
    in one that ``parent`` or an ancestor of it learnt from, or in a suite of files.

    Corpora are read as ``check_splits`` says, or where there are suites. A parent's corpora that the store lacks are
    not looked at (``iirl evaluate`` says then that nothing is known of them).

    Raises:
        ConfigError: some are.
        Tampered: a shard does not match its digest.
    """
    corpora = (*sources.demonstrations, *sources.negatives)
    line = () if parent is None else lineage(corpora[0].store, parent.digest)
    every = (*corpora, *learnt_before(corpora, line))
    check_splits(every, every)
    check_suites(config.evaluate.suites, corpora)


def check_splits(learnt: Sequence[Corpus], judged: Sequence[Corpus]) -> None:
    """Nothing to do where no prompt (no trajectory) of a train split of what is ``learnt`` is in a guard or unseen
    split of what is ``judged`` on.

    One prompt, letter by letter, falls into one split wherever the train fraction is the same, so that corpora are only
    read where theirs differ. Prompts that differ in case or white space alone may fall into two splits there, and are
    not refused: of unseen ones ``iirl evaluate`` leaves those out whose like was trained on; guard splits keep them.
    What is reserved is kept in memory; train splits stream by.

    Raises:
        ConfigError: some are.
        Tampered: a shard does not match its digest.
    """
    shares = [_train_share(corpus.manifest.config) for corpus in (*learnt, *judged)]
    if None in shares or len(set(shares)) > 1:
        _refuse_shared(learnt, judged)


def reserved_keys(config: Config, corpora: Sequence[Corpus]) -> frozenset[str]:
    """Keys (``key_of``) of all that is reserved for judging: of what the ``corpora`` and those that the configuration
    only asks in audits hold in guard and unseen, and of the suites of files.

    Raises:
        Tampered: a shard does not match its digest.
    """
    mine = {corpus.manifest.name for corpus in corpora}
    others = [section.name for section in config.corpora if section.name not in mine]
    found = {key for _, key in _reserved((*corpora, *those_there(corpora[0].store, others)))}
    return frozenset(found.union(*map(asked_prompts, config.evaluate.suites)))


def those_there(store: Store, names: Sequence[str]) -> Iterator[Corpus]:
    """The newest corpora of those ``names`` that the store has."""
    for name in names:
        with suppress(NotFound):
            yield read_corpus(store, name)


def learnt_before(corpora: Sequence[Corpus], line: Iterable[Ancestor]) -> Iterator[Corpus]:
    """What the artifacts of a ``line`` were trained on beside these ``corpora``, and the store still has."""
    store, mine = corpora[0].store, {corpus.manifest.digest for corpus in corpora}
    entries = {entry.digest: entry for one in line for entry in one.manifest.corpora}
    for entry in entries.values():
        if entry.digest not in mine and entry.role not in (SELECTED, SAMPLES, CORRECTIONS):
            with suppress(NotFound):
                yield read_corpus(store, entry.name, entry.digest)


def _train_share(recorded: JsonValue) -> float | None:
    """Which fraction went to train, where ingest recorded it."""
    split = recorded.get("split") if isinstance(recorded, dict) else None
    share = split.get("train") if isinstance(split, dict) else None
    return float(share) if isinstance(share, int | float) else None


def _refuse_shared(learnt: Sequence[Corpus], judged: Sequence[Corpus]) -> None:
    places = [(corpus.manifest.name, split) for corpus in judged for split in RESERVED]
    reserved: dict[str, int] = {}  # a bit for each place: most keys have one
    for number, key in _reserved(judged):
        reserved[key] = reserved.get(key, 0) | 1 << number
    shared: dict[int, tuple[str, set[str]]] = {}
    for corpus in learnt:
        for key in _keys(corpus, "train"):
            for number in _bits(reserved.get(key, 0)):
                shared.setdefault(number, (corpus.manifest.name, set()))[1].add(key)
    if shared:
        number = min(shared)
        (name, keys), (holder, split) = shared[number], places[number]
        raise ConfigError(
            f"{len(keys)} in the {split} split of corpus {holder} are also in the train split of {name}",
            "no prompt or trajectory in two splits",
            "Give both corpora the same corpora[].split.train, then run: iirl ingest CONFIG.yaml",
        )


def _reserved(corpora: Sequence[Corpus]) -> Iterator[tuple[int, str]]:
    """The number of a place, and a key there."""
    for number, (corpus, split) in enumerate((corpus, split) for corpus in corpora for split in RESERVED):
        yield from ((number, key) for key in _keys(corpus, split))


def _bits(mask: int) -> Iterator[int]:
    return (number for number in range(mask.bit_length()) if mask >> number & 1)


def _keys(corpus: Corpus, split: Split) -> Iterator[str]:
    for one in corpus.demonstrations(split):
        yield key_of(one.input)


def key_of(item: Input) -> str:
    """Its prompt (the whole text, where it has none), in which case and white space do not count, or the trajectory
    itself: what must not be learnt from and judged on.
    """
    return prompt_digest(item) if isinstance(item, Conversation) else identity_of(item)
