"""The comparisons that a re-fit learns from, chosen on Ray Data: embed the samples of a policy, embed both sides of the
comparisons over a pool of actors, keep the nearest, and write them as corpora one can look at.

    read_parquet(samples) ─ embed (actors) ─▶ S [N, D] in the object store
    read_parquet(sides) ─ train split ─ embed, max cosine to S (actors) ─▶ the driver keeps the nearest (``Nearest``)

What is selected of corpus C for the artifact NAME is the corpus ``_selected.NAME.C``, whose first letter no configured
corpus may have. It holds rows of the train split alone: guard and unseen stay where they are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

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
from iirl_core.selection import Nearest, drawn, kept_of
from jobs.console import Progress
from jobs.train.embedding import Dealing, Embedding

MAX_TOKENS = 256


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

    def document(self) -> dict[str, JsonValue]:
        """What decides the selection."""
        return {
            **self.section.model_dump(mode="json", exclude={"near"}),
            "seed": self.seed,
            "round": self.round + 1,
            "from": {corpus.manifest.name: corpus.manifest.digest for corpus in self.sides},
            "near": {corpus.manifest.name: corpus.manifest.digest for corpus in self.samples},
        }

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


def select(session: Session, config: Config, asked: Selecting, progress: Progress) -> Selection:
    """Choose, and write what was chosen. Done before, it is only read.

    Raises:
        ConfigError: nothing is near enough, or there are no samples.
        ClusterError: Ray failed.
    """
    store = session.store
    key = f"runs/{asked.name}/selections/{digest_json(asked.document()).removeprefix('sha256:')[:16]}.json"
    if not store.exists(key):
        for corpus in (*asked.sides, *asked.samples):
            corpus.verify()
        with progress.task("selecting"):
            kept = _nearest(session, config, asked)
            made = {corpus.manifest.name: _write(asked, corpus, kept) for corpus in asked.sides}
        store.put(key, canonical_json({name: digest for name, digest in made.items() if digest}))
    digests: dict[str, str] = json.loads(store.get(key))

    def selected(corpora: tuple[Corpus, ...]) -> tuple[Corpus, ...]:
        found = [(asked.selected_name(one), digests.get(one.manifest.name)) for one in corpora]
        return tuple(read_corpus(store, name, Digest(digest)) for name, digest in found if digest)

    return Selection(selected(asked.chosen), selected(asked.rejected), asked.samples)


def _nearest(session: Session, config: Config, asked: Selecting) -> dict[str, float]:
    """The comparisons that are kept, with their similarities."""
    section = asked.section
    train = sum(corpus.manifest.splits.get("train", 0) for corpus in asked.chosen)
    nearest = Nearest(kept_of(section.keep, train), section.threshold)
    if section.by == "random":
        for corpus in asked.chosen:
            for table in corpus.batches("train"):
                for comparison in table["comparison"].to_pylist():
                    nearest.offer(comparison, drawn(comparison, asked.seed, asked.round))
    else:
        _offer_embedded(session, config, asked, nearest)
    if not (kept := nearest.kept()):
        raise ConfigError("train.select keeps no comparison", "a lower threshold, or comparisons in the train split")
    return kept


def _offer_embedded(session: Session, config: Config, asked: Selecting, nearest: Nearest) -> None:
    session.ray()
    import ray

    section = asked.section
    encoder = fit_encoder(TextEncoderSection(model=section.model, max_tokens=MAX_TOKENS), ())
    dealing = Dealing(asked.round, section.rounds) if len(section.samples) == 1 else Dealing(0, 1)
    try:
        embedding = Embedding(ray.put(encoder), section.similarity, plan_encoders(session.cluster(), config.train))
        compared = embedding.samples(asked.samples, dealing)
        if not len(compared):
            raise ConfigError(f"no sample is left for round {asked.round + 1}", "fewer rounds, or more samples")
        for comparison, similarity in embedding.similarities(asked.sides, compared):
            nearest.offer(comparison, similarity)
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
