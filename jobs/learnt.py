"""The corpora behind an artifact: those that it was made from, even where newer ones have their names now."""

from __future__ import annotations

from collections.abc import Mapping

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
    configuration has it now. Answers of a policy that imitated a side of comparisons are as good as that side.

    Raises:
        Tampered: the corpus records no origin but something else in its place, or a policy's manifest was changed.
        NotFound: what a policy in the store imitated is not there.
    """
    said = None if section.origin is None else Origin(section.origin.policy, section.origin.sampled)
    origins = tuple(origin for origin in (origin_of(corpus.manifest), said) if origin is not None)
    taught = any(_imitates_a_side(corpus.store, origin.policy) for origin in origins)
    return Learnt(section.role, section.take is not None or taught or _is_side(corpus), origins)


def _is_side(corpus: Corpus) -> bool:
    """Whether it was recorded as one side of comparisons, or holds answers of who imitated one."""
    recorded, origin = corpus.manifest.config, origin_of(corpus.manifest)
    taken = isinstance(recorded, Mapping) and recorded.get("take") is not None
    return taken or (origin is not None and _imitates_a_side(corpus.store, origin.policy))


def _imitates_a_side(store: Store, policy: str) -> bool:
    """Whether that policy, or one that it began as, imitated a side of comparisons; nothing is known of policies that
    are not in the store.
    """
    digest = resolve_policy(store, policy)
    if digest is None:
        return False
    manifest = read_policy_manifest(store, digest)
    imitated = (read_corpus(store, entry.name, entry.digest) for entry in manifest.corpora)
    return any(_is_side(corpus) for corpus in imitated) or _imitates_a_side(store, manifest.initial.digest)
