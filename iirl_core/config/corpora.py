"""Sections that say which records there are and how they are split."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from iirl_core.config.section import Fraction, Section

Role = Literal["demonstrations", "negatives", "probes", "init-samples", "sft-samples", "samples"]


class SplitSection(Section):
    """Fractions by hash of the prompt (conversations) or of the record (trajectories); they sum to 1. A prompt in other
    case or with other white space is another prompt here; ``decontaminate`` compares them normalised, and ``iirl
    evaluate`` leaves out unseen ones that were so trained on.
    """

    train: Fraction = 0.7
    guard: Fraction = 0.15
    unseen: Fraction = 0.15
    by: Literal["record", "steps"] = "record"
    """``steps``, of trajectories: each is cut in up to three, of which the first goes to train, the next to guard and
    the last to unseen, so that few long demonstrations are all learnt from, from where they begin. A part does not say
    that its trajectory ended by itself: under ``encoder.terminal: absorbing`` one that did before the horizon is
    quarantined (where ``terminal`` or ``horizon`` is changed, training asks for another ingest)."""

    @model_validator(mode="after")
    def _sums_to_one(self) -> SplitSection:
        if abs(self.train + self.guard + self.unseen - 1) > 1e-9:
            raise ValueError(f"splits sum to {self.train + self.guard + self.unseen:g}, expected 1")
        return self


class OriginSection(Section):
    """Whose samples a corpus holds."""

    policy: str = Field(min_length=1)
    """A name, or the digest of a policy in the store."""
    sampled: Literal["fixed", "moving"] = "fixed"
    """``fixed``: from a policy that stayed as it was (mode *frozen-policy*); ``moving``: from one that was updated
    between samples (*policy-adaptive*)."""


class CorpusSection(Section):
    """One corpus: files in, shards out."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    role: Role = "demonstrations"
    """``demonstrations`` play D_E, ``negatives`` D_neg; ``probes`` are only ever asked by the audit. ``init-samples``
    are answers of the policy that is to be aligned (π_init), ``sft-samples`` of the same after imitation (π_SFT): what
    they play is said by ``contrast``. ``samples`` are answers of a policy that rewards are re-fitted for
    (``train.select``). A demonstration whose answer is empty is quarantined, but for sides of comparisons and for
    corpora whose prompts ``iirl sample`` asks."""
    files: list[str] = []
    """Paths or globs, relative to the configuration file; JSONL, JSON, Parquet (also .gz, .zst), NPZ, HDF5. None for a
    corpus that ``iirl sample`` makes, and only there."""
    take: Literal["chosen", "rejected"] | None = None
    """Which side of comparison records this corpus holds; needed for them and refused for others."""
    paired: bool = False
    """Each record of the corpus remembers the comparison whose side it is, as a family that learns from comparisons
    needs it: an answer in two comparisons is then two records. Needs ``take``."""
    origin: OriginSection | None = None
    """The policy that wrote these answers, where one was sampled for them: an artifact that learns from them is no
    longer *strict*. None: fixed data."""
    split: SplitSection = SplitSection()
    segment: int | None = Field(default=None, ge=1)
    """Cut trajectories into segments of this many steps before splitting them by record."""
    rows_per_shard: int = Field(default=50_000, ge=1)
    sources: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = {}
    """Weights by source (a record's own ``source``, else its file's name without .jsonl.gz and the like): a record's
    weight is multiplied by its source's; sources that are not named keep theirs."""
    near_duplicates: float | None = Field(default=None, ge=0.5, le=1)
    """Conversations only: of records whose shingles (runs of 5 words of prompt and answer; of ``paired`` records both
    answers) have at least this Jaccard similarity, the first stays and the others are quarantined. The similarity is
    estimated from 128 hashes (±0.04 at 0.8). None: only equal records are dropped."""
    decontaminate: list[str] = []
    """Conversations only: evaluation sets, as paths or globs of files or as names of other corpora of this
    configuration. A record is quarantined if its prompt is one of theirs, or if 13 words in a row of it stand in one of
    their prompts."""

    norms: list[str] = []
    """Ids of norms that records are held to before anything learns from them: a demonstration of which a ceiling
    speaks, or a negative of which a floor does, says the opposite, and is quarantined. The norm needs ``matches`` or a
    ``region`` that say by themselves which records are meant, whichever family asks; or it is a ``predicate``, which is
    asked with a reward of 1 for a demonstration and of 0 for a negative: what breaks it is quarantined."""

    def ingest_keys(self) -> list[str]:
        """The keys, other than ``files``, that say how records are ingested and are not as they are by default."""
        keys = (
            "take",
            "paired",
            "split",
            "segment",
            "rows_per_shard",
            "sources",
            "near_duplicates",
            "decontaminate",
            "norms",
        )
        plain = CorpusSection(name=self.name)
        return [key for key in keys if getattr(self, key) != getattr(plain, key)]

    @model_validator(mode="after")
    def _is_cut_once(self) -> CorpusSection:
        if self.segment and self.split.by == "steps":
            raise ValueError("segment with split.by steps: a trajectory is cut by one or the other")
        return self

    @model_validator(mode="after")
    def _pairs_have_sides(self) -> CorpusSection:
        if self.paired and self.take is None:
            raise ValueError("paired without take: which side of its comparisons does the corpus hold?")
        return self
