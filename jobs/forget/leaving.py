"""What is left of the corpora behind an artifact, and how far what goes reaches into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from iirl_core.config import Config
from iirl_core.corpus import Corpus, Dropped, read_corpus, renamed, without
from iirl_core.unlearning import Reach, reach_of
from jobs.train.needs import needs_negatives
from jobs.train.sources import Sources


def reach_into(config: Config, behind: Sources, dropped: Sequence[Dropped]) -> Reach:
    """How far they reach into the artifact."""
    splits = {one.corpus: one.splits for one in dropped}
    corpora = {"demonstrations": behind.demonstrations, "negatives": behind.negatives}
    found = [(play, splits[one.manifest.digest]) for play, some in corpora.items() for one in some]
    return reach_of(found, learns_negatives=needs_negatives(config))


def touched(behind: Sources, dropped: Sequence[Dropped]) -> list[tuple[Corpus, Dropped]]:
    """The corpora that lose records."""
    corpora = (*behind.demonstrations, *behind.negatives)
    return [(corpus, one) for corpus, one in zip(corpora, dropped, strict=True) if len(one)]


def counted_left(behind: Sources, dropped: Sequence[Dropped]) -> Sources:
    """The corpora that will be left, as far as their manifests count records: nothing is written yet."""
    gone = {one.corpus: one for one in dropped}

    def counted(corpus: Corpus) -> Corpus:
        manifest, splits = corpus.manifest, gone[corpus.manifest.digest].splits
        left = {split: count - splits.get(split, 0) for split, count in manifest.splits.items()}
        return replace(corpus, manifest=replace(manifest, rows=sum(left.values()), splits=left))

    shown, negatives = (tuple(map(counted, some)) for some in (behind.demonstrations, behind.negatives))
    return replace(behind, demonstrations=shown, negatives=negatives)


def rename(behind: Sources, left: Sources) -> list[str]:
    """Let the corpora's names mean what is left; the names that mean something newer by now, and may hold the rest."""
    before, after = ((*some.demonstrations, *some.negatives) for some in (behind, left))
    changed = [pair for pair in zip(before, after, strict=True) if pair[0].manifest.digest != pair[1].manifest.digest]
    return [old.manifest.name for old, new in changed if not renamed(old, new.manifest)]


def left_of(behind: Sources, dropped: Sequence[Dropped]) -> Sources:
    """The corpora that are left, written."""
    made = {
        corpus.manifest.digest: read_corpus(corpus.store, corpus.manifest.name, without(corpus, one).digest)
        for corpus, one in touched(behind, dropped)
    }

    def left(corpora: Sequence[Corpus]) -> tuple[Corpus, ...]:
        return tuple(made.get(corpus.manifest.digest, corpus) for corpus in corpora)

    return replace(behind, demonstrations=left(behind.demonstrations), negatives=left(behind.negatives))
