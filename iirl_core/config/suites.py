"""Sections of ``evaluate.suites``: files that a reward model is asked about, each kind judged in its own way."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from iirl_core.config.section import Section


class FilesSection(Section):
    """What every suite has."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    """Its figures are called KIND/NAME/…."""
    files: list[str] = Field(min_length=1)
    """Paths or globs, relative to the configuration file; JSONL, JSON or Parquet (also .gz, .zst). No two files of one
    name: by it rows are known."""


class PairsSection(FilesSection):
    """Comparisons in any shape: does the chosen answer get the higher reward?"""

    kind: Literal["pairs"] = "pairs"


class RewardBenchSection(FilesSection):
    """RewardBench v1: ``prompt``, ``chosen``, ``rejected``, ``subset``."""

    kind: Literal["rewardbench"] = "rewardbench"


class RewardBench2Section(FilesSection):
    """RewardBench 2: ``prompt``, lists ``chosen`` and ``rejected``, ``subset``, ``id``."""

    kind: Literal["rewardbench2"] = "rewardbench2"


class RmBenchSection(FilesSection):
    """RM-Bench: ``prompt``, three ``chosen`` and three ``rejected`` answers in three styles, ``domain``."""

    kind: Literal["rm_bench"] = "rm_bench"


class JudgeSection(FilesSection):
    """One answer a row and the probability that a judge prefers it to a fixed answer (as alpaca_eval has): agreement on
    pairs of answers to one prompt whose probabilities differ by at least 0.2, and Spearman's correlation of policies.
    """

    kind: Literal["judge"] = "judge"
    judge: str
    """The column that holds the judge's probability."""
    policy: str | None = "model"
    """The column that names the answer's policy; null: all answers of a file are of the policy it is named after."""


class TransferSection(FilesSection):
    """As ``judge``, told apart by whether the reward saw the answers' policies."""

    kind: Literal["transfer"] = "transfer"
    judge: str
    """The column that holds the judge's probability."""
    policy: str | None = "model"
    """The column that names the answer's policy; null: all answers of a file are of the policy it is named after."""
    seen: list[str] = Field(min_length=1)
    """Policies whose answers the reward learnt from."""


class GoldenColumnSection(Section):
    """Golden scores in the rows themselves."""

    kind: Literal["column"] = "column"
    column: str
    """A number, on any scale."""


class GoldenScoresSection(Section):
    """Golden scores in files of their own, as ``iirl score`` writes them: by ``source`` (a file's name) and ``line``,
    one score of each.
    """

    kind: Literal["scores"] = "scores"
    files: list[str] = Field(min_length=1)
    column: str = "reward"
    """A number, on any scale."""


class GoldenArtifactSection(Section):
    """The rewards of another artifact."""

    kind: Literal["artifact"] = "artifact"
    artifact: str
    """NAME, NAME@CHANNEL or sha256:…, in the same store."""


class GoldenEndpointSection(Section):
    """The rewards that an endpoint answers to ``POST /v1/rewards``."""

    kind: Literal["endpoint"] = "endpoint"
    url: str = Field(pattern=r"^https?://[^\s@]+$")
    """Of the server (https://host:port), without a path and without credentials."""
    model: str | None = None
    """Which reward model is asked; null: the one that is served."""
    token_variable: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """The environment variable that holds the bearer token; null: none is sent."""


Golden = Annotated[
    GoldenColumnSection | GoldenScoresSection | GoldenArtifactSection | GoldenEndpointSection,
    Field(discriminator="kind"),
]


class BestOfNSection(FilesSection):
    """One answer a row, several to a prompt: the reward picks the best of N, a golden scorer says how good the pick
    is.
    """

    kind: Literal["best_of_n"] = "best_of_n"
    golden: Golden
    policy: str | None = "model"
    """The column that names the answer's policy; null: all answers of a file are of the policy it is named after. The
    bound on the KL divergence is given where all are of one."""


Suite = Annotated[
    PairsSection
    | RewardBenchSection
    | RewardBench2Section
    | RmBenchSection
    | JudgeSection
    | TransferSection
    | BestOfNSection,
    Field(discriminator="kind"),
]
