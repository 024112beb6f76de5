"""What an artifact was trained on: prompts of a suite among it, and the policies whose answers it learnt from."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from iirl_core.canonical import Digest
from iirl_core.corpus import Corpus, origin_of, read_corpus
from iirl_core.demonstration import Conversation
from iirl_core.errors import NotFound
from iirl_core.evaluation import prompt_digest
from iirl_core.policy import read_policy_manifest, resolve_policy
from iirl_core.store.protocol import Store
from jobs.lineage import lineage


@dataclass(frozen=True)
class TrainedPrompts:
    """Prompts (``prompt_digest``) that were ``found`` in what an artifact was trained on; not ``complete``: some of it
    is not in the store, so that there may be more.
    """

    found: frozenset[str]
    complete: bool


def trained_prompts(store: Store, digest: Digest, suspects: Collection[str]) -> TrainedPrompts:
    """Which of ``suspects`` stand in a train split of the corpora behind the artifact or an ancestor of it.

    Every train split streams by once, a digest a record, so ask about all suspects at once; nothing is read where there
    are none.

    Raises:
        Tampered: a corpus or a manifest does not hold.
    """
    found, complete = frozenset[str](), True
    for corpus in _corpora(store, digest) if suspects else ():
        if corpus is None:
            complete = False
        else:
            found |= trained_in(corpus, suspects)
    return TrainedPrompts(found, complete)


def trained_in(corpus: Corpus, suspects: Collection[str]) -> frozenset[str]:
    """Which of ``suspects`` stand in the train split of one corpus; it streams.

    Raises:
        Tampered: a shard does not hold.
    """
    inputs = (one.input for one in corpus.demonstrations("train"))
    prompts = (prompt_digest(item) for item in inputs if isinstance(item, Conversation))
    return frozenset(prompt for prompt in prompts if prompt in suspects)


def seen_policies(store: Store, digest: Digest) -> frozenset[str]:
    """Policies whose answers the artifact or an ancestor of it learnt from, by the names that its corpora recorded, and
    that policies in the store go by.

    Raises:
        Tampered: a corpus or a manifest does not hold.
    """
    origins = (origin_of(corpus.manifest) for corpus in _corpora(store, digest) if corpus is not None)
    return frozenset(_name(store, origin.policy) for origin in origins if origin is not None)


def _name(store: Store, policy: str) -> str:
    digest = resolve_policy(store, policy)
    return policy if digest is None else read_policy_manifest(store, digest).name


def _corpora(store: Store, digest: Digest) -> Iterator[Corpus | None]:
    """Those behind the artifact and its ancestors, each once; None for one that is not in the store, and for an
    ancestor that is not, whose corpora nobody knows.
    """
    entries: dict[Digest, str] = {}
    try:
        for one in lineage(store, digest):
            entries |= {entry.digest: entry.name for entry in one.manifest.corpora}
    except NotFound:
        yield None
    for corpus, name in sorted(entries.items()):
        try:
            yield read_corpus(store, name, corpus)
        except NotFound:
            yield None
