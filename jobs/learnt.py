"""The corpora behind an artifact: those that it was made from, even where newer ones have their names now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from iirl_core.artifact import Learnt, Manifest
from iirl_core.config.corpora import CorpusSection
from iirl_core.corpus import Corpus, Origin, origin_of, read_corpus
from iirl_core.policy import read_policy_manifest, resolve_policy
from iirl_core.store.protocol import Store


def corpus_behind(store: Store, manifest: Manifest, section: CorpusSection) -> Corpus:
    """The corpus of a configured section as the artifact's manifest names it, so that what is called unseen was unseen;
    the newest of that name where the artifact learnt nothing from it.

    Raises:
        NotFound: it is not in the store.
        Tampered: its manifest does not match its digest.
    """
    learnt = {entry.name: entry.digest for entry in manifest.corpora}
    return read_corpus(store, section.name, learnt.get(section.name))


def learnt_from(section: CorpusSection, corpus: Corpus) -> Learnt:
    """What the claims of an artifact depend on, of one corpus: as it was recorded when the corpus was made, and as the
    configuration has it now. Answers of a policy that imitated a side of comparisons are as good as that side, and
    those of one that imitated samples of a moving policy move with it.

    Raises:
        Tampered: the corpus records no origin but something else in its place, or a policy's manifest was changed.
        NotFound: what a policy in the store imitated is not there.
    """
    said = None if section.origin is None else Origin(section.origin.policy, section.origin.sampled)
    origins = tuple(origin for origin in (origin_of(corpus.manifest), said) if origin is not None)
    behind = [corpus, *(each for origin in origins for each in _imitated(corpus.store, origin.policy))]
    recorded = [origin_of(each.manifest) for each in behind]
    if any(origin is not None and origin.sampled == "moving" for origin in recorded):
        origins = tuple(replace(origin, sampled="moving") for origin in origins)
    return Learnt(section.role, section.take is not None or any(map(_is_side, behind)), origins)


def _is_side(corpus: Corpus) -> bool:
    """Whether it was recorded as one side of comparisons."""
    recorded = corpus.manifest.config
    return isinstance(recorded, Mapping) and recorded.get("take") is not None


def _imitated(store: Store, policy: str) -> Iterator[Corpus]:
    """What that policy imitated, and what those did who wrote it or whom it began as; nothing is known of policies that
    are not in the store.
    """
    digest = resolve_policy(store, policy)
    if digest is None:
        return
    manifest = read_policy_manifest(store, digest)
    for entry in manifest.corpora:
        corpus = read_corpus(store, entry.name, entry.digest)
        yield corpus
        if (origin := origin_of(corpus.manifest)) is not None:
            yield from _imitated(store, origin.policy)
    yield from _imitated(store, manifest.initial.digest)
