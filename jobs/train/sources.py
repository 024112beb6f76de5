"""Which corpora a run learns from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from iirl_core.artifact import CorpusEntry, Learnt, Mode, Provenance, provenance_of
from iirl_core.config import Config
from iirl_core.config.expertness import LogRatioSection, beta_of
from iirl_core.corpus import Corpus, Origin
from iirl_core.demonstration import Demonstration, Split
from jobs.learnt import learnt_from
from jobs.train.dealing import Parts, Role
from jobs.train.needs import corrupted_shares, needs_negatives, needs_pairs
from jobs.train.pipeline import Source

if TYPE_CHECKING:  # it knows Ray
    from jobs.train.correcting import Corrected
    from jobs.train.selecting import Selection

ROLES: tuple[Role, ...] = ("demonstrations", "negatives")
SELECTED, SAMPLES = "selected", "samples"
"""Roles in an artifact's manifest of what a re-fit learnt from, and of what that was chosen by."""
CORRECTIONS = "corrections"
"""Role in an artifact's manifest of what its training was corrected by."""


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
