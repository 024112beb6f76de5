"""Contamination: prompts of a suite that the artifact was trained on."""

from __future__ import annotations

from collections.abc import Collection

from iirl_core.canonical import Digest
from iirl_core.corpus import read_corpus
from iirl_core.demonstration import Conversation
from iirl_core.errors import NotFound
from iirl_core.evaluation import prompt_of
from iirl_core.store.protocol import Store
from jobs.lineage import lineage


def trained_prompts(store: Store, digest: Digest, suspects: Collection[str]) -> frozenset[str] | None:
    """Which of ``suspects`` (``prompt_of``) stand in a train split of the corpora behind the artifact or an ancestor of
    it; None where such a corpus is not in the store. Streams the corpora.

    Raises:
        Tampered: a corpus or a manifest does not hold.
    """
    corpora = {entry.digest: entry.name for ancestor in lineage(store, digest) for entry in ancestor.manifest.corpora}
    found: set[str] = set()
    for corpus, name in sorted(corpora.items()):
        try:
            shown = read_corpus(store, name, corpus)
        except NotFound:
            return None
        for one in shown.demonstrations("train"):
            if isinstance(one.input, Conversation) and (prompt := prompt_of(one.input)) in suspects:
                found.add(prompt)
    return frozenset(found)
