"""Suites of files: read, rated on Ray, judged in the core."""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass, replace

from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.config.suites import (
    BestOfNSection,
    GoldenArtifactSection,
    GoldenColumnSection,
    GoldenEndpointSection,
    GoldenScoresSection,
    JudgeSection,
    Suite,
    TransferSection,
)
from iirl_core.evaluation import (
    Estimate,
    Graded,
    Judged,
    Resampling,
    SuiteFacts,
    examine_graded,
    examine_judge,
    examine_picks,
    examine_transfer,
    graded_of,
    judged_of,
)
from iirl_core.store import Store
from jobs.console import Progress
from jobs.evaluate.contamination import TrainedPrompts, seen_policies
from jobs.evaluate.preparing import PreparedSuite
from jobs.evaluate.rating import Rated, Raters, joined
from jobs.evaluate.reading import Quarantine, rows_of
from jobs.ingest.sources import describe_files


@dataclass(frozen=True, eq=False)
class Examined:
    """One suite: what it held, its figures (with their baselines), what they were made of, and which policies the
    reward is said to have seen.
    """

    facts: SuiteFacts
    estimates: tuple[Estimate, ...]
    data: Graded | Judged
    seen: tuple[str, ...]


def examine_suites(
    store: Store,
    config: Config,
    digest: Digest,
    asked: Sequence[PreparedSuite],
    *,
    trained: TrainedPrompts,
    raters: Raters,
    progress: Progress,
) -> list[Examined]:
    """Every suite, in order; ``trained`` are prompts that the artifact was trained on, at least those of the suites
    among them.

    Raises:
        ConfigError: an endpoint refuses us.
        CorpusEmpty: no row of a suite can be used.
        ClusterError: Ray or an endpoint failed.
    """
    policies = seen_policies(store, digest)
    read = [_read(raters, digest, suite, policies, progress) for suite in asked]
    resampling, examined = Resampling(config.evaluate.bootstrap, config.seed), []
    for one in read:
        contaminated = len(one.prompts & trained.found) if trained.complete else None
        with progress.task(f"judging {one.facts.name}"):
            estimates = judge_suite(one.section, one.data, one.seen, resampling)
        examined.append(Examined(replace(one.facts, contaminated=contaminated), tuple(estimates), one.data, one.seen))
    return examined


@dataclass(frozen=True, eq=False)
class _Read:
    """A suite that was rated; of its ``facts`` the contamination is not known yet."""

    section: Suite
    facts: SuiteFacts
    prompts: Set[str]
    data: Graded | Judged
    seen: tuple[str, ...]


def _read(raters: Raters, digest: Digest, suite: PreparedSuite, policies: Collection[str], progress: Progress) -> _Read:
    """Read and rate."""
    section = suite.section
    digests = [digest, *([suite.golden] if suite.golden else [])]
    quarantine, parts = Quarantine(), []
    with progress.task(f"{section.kind} {section.name}") as advance:
        for part in raters.rate(digests, quarantine.usable(rows_of(section, suite.files)), suite.endpoint):
            parts.append(part)
            advance(len(part.rewards))
    if not parts:
        raise quarantine.nothing_of(section)
    rated = joined(parts)
    data, prompts = _data(section, rated), {row.prompt for row in rated.facts}
    facts = SuiteFacts(
        kind=section.kind,
        name=section.name,
        files={file.name: file.digest for file in describe_files(suite.files)},
        rows=len(rated.facts),
        answers=len(rated.rewards),
        prompts=len(prompts),
        quarantined=quarantine.count,
        reasons=tuple(quarantine.reasons),
        equal=sum(row.equal for row in rated.facts),
        contaminated=None,
        golden=golden_words(section, suite.golden),
    )
    return _Read(section, facts, prompts, data, seen_of(section, data, policies))


def golden_words(section: Suite, digest: Digest | None) -> str:
    """Where golden scores came from."""
    if isinstance(section, JudgeSection | TransferSection):
        return f"column {section.judge}"
    if not isinstance(section, BestOfNSection):
        return ""
    match section.golden:
        case GoldenColumnSection(column=column):
            return f"column {column}"
        case GoldenScoresSection(column=column, files=files):
            return f"{column} in {', '.join(file.rpartition('/')[2] for file in files)}"
        case GoldenEndpointSection(url=url):
            return url
        case GoldenArtifactSection(artifact=reference):
            return f"{reference}, {digest}"


def _data(section: Suite, rated: Rated) -> Graded | Judged:
    if isinstance(section, JudgeSection | TransferSection | BestOfNSection) and rated.golden is not None:
        return judged_of(rated.facts, rated.rewards, rated.heads, rated.golden)
    return graded_of(rated.facts, rated.rewards, rated.heads)


def seen_of(section: Suite, data: Graded | Judged, policies: Collection[str]) -> tuple[str, ...]:
    """Of a transfer suite: the policies that its section names, and those of its rows that the artifact's corpora
    name.
    """
    if not isinstance(section, TransferSection) or not isinstance(data, Judged):
        return ()
    return tuple(name for name in data.names if name in {*section.seen, *policies})


def judge_suite(
    section: Suite, data: Graded | Judged, seen: Collection[str], resampling: Resampling
) -> Sequence[Estimate]:
    """All figures of one suite, with their baselines; ``seen`` are the policies that the reward learnt from."""
    if isinstance(data, Graded):
        return examine_graded(section.kind, section.name, data, resampling)
    match section:
        case TransferSection():
            return examine_transfer(section.name, data, seen, resampling)
        case BestOfNSection():
            return examine_picks(section.name, data, resampling)
    return examine_judge(section.name, data, resampling)
