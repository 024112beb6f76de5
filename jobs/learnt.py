"""The corpora behind an artifact: those that it was made from, even where newer ones have their names now."""

from __future__ import annotations

from iirl_core.artifact import Learnt, Manifest
from iirl_core.config.corpora import CorpusSection
from iirl_core.corpus import Corpus, Origin, origin_of, read_corpus
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
    configuration has it now.

    Raises:
        Tampered: the corpus records no origin but something else in its place.
    """
    said = None if section.origin is None else Origin(section.origin.policy, section.origin.sampled)
    origins = tuple(origin for origin in (origin_of(corpus.manifest), said) if origin is not None)
    return Learnt(section.role, section.take is not None, origins)
