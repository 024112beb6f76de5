"""Which corpora a run learns from, and whether they can be learnt from at all: checked before anything starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from iirl_core.artifact import CorpusEntry, Learnt, Mode, Provenance, provenance_of
from iirl_core.config import Config
from iirl_core.config.expertness import (
    DiscriminatorSection,
    JointSection,
    LogRatioSection,
    MixtureSection,
    SourcesSection,
    beta_of,
)
from iirl_core.config.mapping import ExponentialSection
from iirl_core.config.rows import ACTING
from iirl_core.config.sizes import with_size
from iirl_core.corpus import Corpus, Origin, read_corpus
from iirl_core.demonstration import SPLITS, Demonstration, Split
from iirl_core.errors import ConfigError
from iirl_core.expertness import Expertness, build_expertness
from iirl_core.store.protocol import Store
from jobs.learnt import learnt_from
from jobs.train.dealing import Parts, Role
from jobs.train.encoding import Source
from jobs.train.rows import PAIRS
from jobs.train.wholeness import check_wholeness

if TYPE_CHECKING:  # it knows Ray
    from jobs.train.correcting import Corrected
    from jobs.train.selecting import Selection

ROLES: tuple[Role, ...] = ("demonstrations", "negatives")
SELECTED, SAMPLES = "selected", "samples"
"""Roles in an artifact's manifest of what a re-fit learnt from, and of what that was chosen by."""
CORRECTIONS = "corrections"
"""Role in an artifact's manifest of what its training was corrected by."""
RERUN = "Add records, or change corpora[].split, then run: iirl ingest CONFIG.yaml"


@dataclass(frozen=True)
class Sources:
    """The newest corpora of a configuration that play D_E and D_neg; ``roles`` are their own, by name. Where there is a
    ``selection``, it is what the train split is; ``again``: rewards were re-fitted by samples before. What is
    ``corrected`` joins the train split.
    """

    demonstrations: tuple[Corpus, ...]
    negatives: tuple[Corpus, ...]
    roles: Mapping[str, str]
    selection: Selection | None = None
    again: bool = False
    corrected: Corrected | None = None

    def count(self, role: Role, split: Split) -> int:
        """Records of one side in one split."""
        corpora = self.demonstrations if role == "demonstrations" else self.negatives
        return sum(corpus.manifest.splits.get(split, 0) for corpus in corpora)

    def train_demonstrations(self) -> Iterator[Demonstration]:
        """What the encoder is fitted on."""
        for corpus in self.demonstrations:
            yield from corpus.demonstrations("train")

    def entries(self) -> tuple[CorpusEntry, ...]:
        """For the manifest and the run's name."""
        found = [(corpus.manifest, self.roles[corpus.manifest.name]) for corpus in self._played()]
        if self.selection is not None:
            found += [(corpus.manifest, SELECTED) for corpus in self.selection.sides]
            found += [(corpus.manifest, SAMPLES) for corpus in self.selection.samples]
        if self.corrected is not None:
            found += [(corpus.manifest, CORRECTIONS) for corpus in self.corrected.corpora]
        return tuple(CorpusEntry(one.name, role, one.digest) for one, role in found)

    def _played(self) -> tuple[Corpus, ...]:
        return (*self.demonstrations, *self.negatives)

    def provenance(self, config: Config) -> Provenance:
        """What an artifact learnt from them may claim.

        Raises:
            Tampered: a corpus records no origin but something else in its place.
        """
        sections = {section.name: section for section in config.corpora}
        samples = () if self.selection is None else self.selection.samples
        learnt = [learnt_from(sections[corpus.manifest.name], corpus) for corpus in (*self._played(), *samples)]
        if isinstance(config.expertness, LogRatioSection):  # imitation made one of the policies that it compares
            learnt.append(Learnt("policies", origins=(Origin(config.expertness.sft, "fixed"),)))
        found = provenance_of(learnt, compared=needs_pairs(config))
        if self.corrected is not None:
            found = found.joined(self.corrected.claimed)
        return found.joined(Provenance(Mode.POLICY_ADAPTIVE)) if samples and self.again else found

    def shards(self) -> tuple[Source, ...]:
        """For Ray Data, checked against their digests.

        Raises:
            Tampered: a shard does not match its digest.
        """
        chosen = self.selection
        selected = ((), ()) if chosen is None else (chosen.chosen, chosen.rejected)
        found = []
        for role, corpora, instead in zip(ROLES, (self.demonstrations, self.negatives), selected, strict=True):
            for corpus in (*corpora, *instead):
                corpus.verify()
            whole = [_source(role, corpus) for corpus in corpora]
            found += whole if chosen is None else [replace(one, splits=("guard",)) for one in whole]
            corrections = () if self.corrected is None else getattr(self.corrected, role)
            found += [_source(role, corpus) for corpus in (*instead, *corrections)]
        return tuple(found)


def _source(role: Role, corpus: Corpus) -> Source:
    """Rows of trajectories are counted from the shards' footers: numbers of a matrix over its width."""
    paths, rows = tuple(corpus.paths()), corpus.manifest.rows
    if corpus.manifest.observation_width:
        filesystem, _ = corpus.store.filesystem()
        numbers = sum(_numbers(pq.read_metadata(path, filesystem=filesystem), "observations") for path in paths)
        rows = numbers // corpus.manifest.observation_width
    return Source(role, paths, rows)


def _numbers(footer: pq.FileMetaData, column: str) -> int:
    groups = (footer.row_group(index) for index in range(footer.num_row_groups))
    chunks = (group.column(index) for group in groups for index in range(group.num_columns))
    return sum(chunk.num_values for chunk in chunks if chunk.path_in_schema.startswith(f"{column}."))


def read_sources(store: Store, config: Config) -> Sources:
    """The newest corpora that ``config`` names.

    Raises:
        NotFound: one was never ingested.
        ConfigError: they cannot be learnt from (``check_sources``), a class weighs nothing, or ``expertness.beta``
            names a source of no record.
        Tampered: a shard that was looked into does not match its digest.
    """
    shown, negatives = (tuple(read_corpus(store, one.name) for one in config.playing(role)) for role in ROLES)
    sources = Sources(shown, negatives, {section.name: section.role for section in config.corpora})
    check_sources(sources, config)
    _check_weights(sources, config)
    _check_beta(sources, config)
    return sources


def check_sources(sources: Sources, config: Config) -> None:
    """Refuse what would only fail after the encoder has run, as far as manifests tell.

    * every corpus is of the encoder's kind, and trajectories have one shape, and are whole where that is asked for;
    * demonstrations are in the train and in the guard split;
    * a family that learns from negatives has some in the train split, or makes some of demonstrations;
    * a map that is anchored at a contrast has some: negatives of the train or guard split, or made ones;
    * where a family compares, corpora remember their comparisons, and every split holds both sides of each.

    Raises:
        ConfigError: one of these does not hold.
    """
    kind = "conversation" if config.encoder.kind == "text" else "trajectory"
    manifests = [corpus.manifest for corpus in (*sources.demonstrations, *sources.negatives)]
    for manifest in manifests:
        if manifest.kind != kind:
            raise ConfigError(f"encoder.kind {config.encoder.kind}, but corpus {manifest.name} holds {manifest.kind}s")
    shapes = {(manifest.observation_width, manifest.action_width) for manifest in manifests}
    if kind == "trajectory" and len({shape if _reads_actions(config) else shape[0] for shape in shapes}) > 1:
        raise ConfigError(f"corpora of observation and action dimensions {sorted(shapes, key=str)}", "one shape")
    if config.encoder.kind == "trajectory":
        check_wholeness((*sources.demonstrations, *sources.negatives), config.encoder)
    for split in ("train", "guard"):
        if sources.count("demonstrations", split) == 0:
            raise ConfigError(f"no demonstration is in the {split} split", "at least one", RERUN)
    if needs_negatives(config) and sources.count("negatives", "train") == 0 and not corrupted_shares(config):
        raise ConfigError(f"{config.expertness.family} without a negative in the train split", "at least one", RERUN)
    _check_contrast(sources, config)
    if needs_pairs(config):
        _check_pairs(sources)


def _check_weights(sources: Sources, config: Config) -> None:
    sides = {"demonstration": sources.demonstrations}
    if needs_negatives(config) and not corrupted_shares(config):
        sides["negative"] = sources.negatives
    for called, corpora in sides.items():
        if not any(corpus.weighs("train") for corpus in corpora):
            raise ConfigError(f"every {called} in the train split has weight 0", "some weight > 0", RERUN)


def _check_beta(sources: Sources, config: Config) -> None:
    beta = beta_of(config.expertness)
    if isinstance(beta, SourcesSection):
        known = set().union(*(corpus.sources() for corpus in (*sources.demonstrations, *sources.negatives)))
        if missing := set(beta.sources) - known:
            raise ConfigError(f"expertness.beta: no record has the source {min(missing)}", f"of {sorted(known)[:8]}")


def _check_contrast(sources: Sources, config: Config) -> None:
    """An exponential map is anchored at samples of the support where there is none."""
    if isinstance(config.mapping, ExponentialSection) or corrupted_shares(config):
        return
    if not any(sources.count("negatives", split) for split in ("train", "guard")):
        raise ConfigError(
            f"mapping: {config.mapping.kind} needs a contrast, and there is no negative in the train or guard split",
            "a corpus with the role negatives",
            RERUN,
        )


def _check_pairs(sources: Sources) -> None:
    for corpus in (*sources.demonstrations, *sources.negatives):
        recorded = corpus.manifest.config
        if not isinstance(recorded, dict) or recorded.get("paired") is not True:
            raise ConfigError(
                f"corpus {corpus.manifest.name} was ingested without paired: true", todo="iirl ingest CONFIG.yaml"
            )
    for split in SPLITS:
        chosen, rejected = (sources.count(role, split) for role in ROLES)
        if chosen != rejected:
            raise ConfigError(
                f"{chosen} chosen but {rejected} rejected sides in the {split} split", "both sides of each", PAIRS
            )


def parts_of(sources: Sources, config: Config) -> Parts:
    """How records are dealt out to training and calibration."""
    shares = corrupted_shares(config)
    spoilt = bool(shares) and sources.count("demonstrations", "guard") > 0
    guarded = spoilt or sources.count("negatives", "guard") > 0
    held = config.train.held_out.fraction if config.train.held_out is not None else 0.0
    beta = beta_of(config.expertness)
    return Parts(
        needs_negatives(config),
        guarded,
        shares,
        pairs=needs_pairs(config),
        lengths=config.length_debias > 0,
        held_out=held,
        beta=None if isinstance(beta, float) else beta,
    )


def needs_negatives(config: Config) -> bool:
    """Whether the family's loss looks at negatives."""
    return _of_any_size(config).needs_negatives


def needs_pairs(config: Config) -> bool:
    """Whether the family's loss compares."""
    return _of_any_size(config).needs_pairs


def _of_any_size(config: Config) -> Expertness:
    section = config.expertness
    return build_expertness(with_size(section, 1, 1) if isinstance(section, MixtureSection) else section, width=1)


def corrupted_shares(config: Config) -> dict[str, float]:
    """Corrupted negatives per demonstration, by kind."""
    section = config.expertness
    return section.corrupted.shares() if isinstance(section, DiscriminatorSection | JointSection) else {}


def _reads_actions(config: Config) -> bool:
    return config.encoder.kind == "trajectory" and config.encoder.rows in ACTING
