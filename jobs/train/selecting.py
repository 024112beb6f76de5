"""The comparisons that a re-fit learns from, chosen on Ray Data: embed the samples of a policy, embed both sides of the
comparisons over a pool of actors, keep the nearest, and write them as corpora one can look at. Comparisons are embedded
once for all rounds.

    read_parquet(samples) ─ embed (actors) ─▶ S [N, D] of each round in the object store
    read_parquet(sides) ─ train split ─ embed, max cosine to each S (actors) ─▶ the driver keeps each round's nearest

What is selected of corpus C for the artifact NAME is the corpus ``_selected.NAME.C``, whose first letter no configured
corpus may have. It holds rows of the train split alone: guard and unseen stay where they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from cluster.failure import failure_of
from cluster.resources import plan_encoders
from cluster.session import Session
from iirl_core.canonical import Digest, JsonValue, canonical_json, digest_json
from iirl_core.config import Config
from iirl_core.config.encoding import TextEncoderSection
from iirl_core.config.training import SelectSection
from iirl_core.corpus import Corpus, read_corpus, write_corpus
from iirl_core.encoder import fit_encoder
from iirl_core.errors import ConfigError, CorpusEmpty, IirlError
from iirl_core.selection import MAX_TOKENS, Nearest, drawn, kept_of
from iirl_core.store.protocol import Store
from jobs.console import Progress
from jobs.train.embedding import Dealing, Embedding


@dataclass(frozen=True)
class Selecting:
    """What one round (from 0) is to select for the artifact ``name``: among the comparisons whose ``chosen`` and
    ``rejected`` sides these corpora hold, by these samples.
    """

    name: str
    seed: int
    section: SelectSection
    chosen: tuple[Corpus, ...]
    rejected: tuple[Corpus, ...]
    samples: tuple[Corpus, ...]
    round: int

    @property
    def sides(self) -> tuple[Corpus, ...]:
        """Both."""
        return (*self.chosen, *self.rejected)

    @property
    def key(self) -> str:
        """Where the store remembers what was selected."""
        return f"runs/{self.name}/selections/{digest_json(self.document()).removeprefix('sha256:')[:16]}.json"

    def document(self) -> dict[str, JsonValue]:
        """What decides the selection."""
        return {
            **self.section.model_dump(mode="json", exclude={"near"}),
            "seed": self.seed,
            "round": self.round + 1,
            "from": {corpus.manifest.name: corpus.manifest.digest for corpus in self.sides},
            "near": {corpus.manifest.name: corpus.manifest.digest for corpus in self.samples},
        }

    @property
    def corpora(self) -> tuple[Corpus, ...]:
        """All that are read."""
        return (*self.sides, *self.samples)

    @property
    def dealing(self) -> Dealing:
        """Which of the samples are this round's, where one corpus holds those of all."""
        section = self.section
        return Dealing(self.round, section.rounds) if len(section.samples) == 1 else Dealing(0, 1)

    def selected_name(self, corpus: Corpus) -> str:
        """The name of what is selected of a corpus."""
        return f"_selected.{self.name}.{corpus.manifest.name}"


@dataclass(frozen=True)
class Selection:
    """What one round learns from: selected sides of the train split, and the samples that they were chosen by."""

    chosen: tuple[Corpus, ...]
    rejected: tuple[Corpus, ...]
    samples: tuple[Corpus, ...]

    @property
    def sides(self) -> tuple[Corpus, ...]:
        """Both."""
        return (*self.chosen, *self.rejected)


def samples_of(session: Session, section: SelectSection, round_: int) -> tuple[Corpus, ...]:
    """The corpus of samples that ``round_`` (from 0) compares with; none where the selection is random.

    Raises:
        NotFound: it was never ingested.
    """
    names = section.samples
    return tuple(read_corpus(session.store, name) for name in names[round_ : round_ + 1] or names[:1])


def select(session: Session, config: Config, rounds: Sequence[Selecting], progress: Progress) -> list[Selection]:
    """Choose for every round, from the same comparisons, and write what was chosen. Done before, it is only read.

    Raises:
        ConfigError: nothing is near enough, or there are no samples.
        ClusterError: Ray failed.
    """
    store = session.store
    if missing := [asked for asked in rounds if not store.exists(asked.key)]:
        for corpus in {corpus.manifest.digest: corpus for asked in missing for corpus in asked.corpora}.values():
            corpus.verify()
        with progress.task("selecting"):
            for asked, kept in zip(missing, _nearest(session, config, missing), strict=True):
                made = {corpus.manifest.name: _write(asked, corpus, kept) for corpus in asked.sides}
                store.put(asked.key, canonical_json({name: digest for name, digest in made.items() if digest}))
    return [_selection(store, asked) for asked in rounds]


def _selection(store: Store, asked: Selecting) -> Selection:
    digests: dict[str, str] = json.loads(store.get(asked.key))

    def selected(corpora: tuple[Corpus, ...]) -> tuple[Corpus, ...]:
        found = [(asked.selected_name(one), digests.get(one.manifest.name)) for one in corpora]
        return tuple(read_corpus(store, name, Digest(digest)) for name, digest in found if digest)

    return Selection(selected(asked.chosen), selected(asked.rejected), asked.samples)


def _nearest(session: Session, config: Config, rounds: Sequence[Selecting]) -> list[dict[str, float]]:
    """The comparisons that each round keeps, with their similarities."""
    section, chosen = rounds[0].section, rounds[0].chosen
    train = sum(corpus.manifest.splits.get("train", 0) for corpus in chosen)
    nearest = [Nearest(kept_of(section.keep, train), section.threshold) for _ in rounds]
    if section.by == "random":
        for comparison in chain.from_iterable(_comparisons(corpus) for corpus in chosen):
            for asked, one in zip(rounds, nearest, strict=True):
                one.offer(comparison, drawn(comparison, asked.seed, asked.round))
    else:
        _offer_embedded(session, config, rounds, nearest)
    kept = [one.kept() for one in nearest]
    if not all(kept):
        raise ConfigError("train.select keeps no comparison", "a lower threshold, or comparisons in the train split")
    return kept


def _comparisons(corpus: Corpus) -> Iterator[str]:
    return chain.from_iterable(table["comparison"].to_pylist() for table in corpus.batches("train"))


def _offer_embedded(session: Session, config: Config, rounds: Sequence[Selecting], nearest: Sequence[Nearest]) -> None:
    session.ray()
    import ray

    section = rounds[0].section
    # What an answer is about shows in its beginning.
    embedder = TextEncoderSection(model=section.model, max_tokens=MAX_TOKENS, truncation="context")
    encoder = fit_encoder(embedder, ())
    try:
        embedding = Embedding(ray.put(encoder), section.similarity, plan_encoders(session.cluster(), config.train))
        compared = [embedding.samples(asked.samples, asked.dealing) for asked in rounds]
        for asked, samples in zip(rounds, compared, strict=True):
            if not len(samples):
                raise ConfigError(f"no sample is left for round {asked.round + 1}", "fewer rounds, or more samples")
        for comparison, similarities in embedding.similarities(rounds[0].sides, compared):
            for one, similarity in zip(nearest, similarities, strict=True):
                one.offer(comparison, similarity)
    except (ray.exceptions.RayError, IirlError) as error:
        raise failure_of(error, "selecting") from error


def _write(asked: Selecting, corpus: Corpus, kept: dict[str, float]) -> Digest | None:
    """The kept rows of one corpus as a corpus; None where none of its rows was kept."""
    recorded = corpus.manifest.config
    said = {key: recorded.get(key) for key in ("take", "paired", "origin")} if isinstance(recorded, dict) else {}
    told = {"comparisons": len(kept), "nearest": max(kept.values()), "farthest": min(kept.values())}
    rows = (one for one in corpus.demonstrations("train") if one.comparison in kept)
    config = {**said, "selected": {**asked.document(), **told}}
    try:
        return write_corpus(corpus.store, asked.selected_name(corpus), rows, config=config).digest
    except CorpusEmpty:
        return None
