"""Suites before they are scored: their files, whether their rows can be used, and who gives golden scores."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain

from cluster.session import Session
from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.config.suites import (
    BestOfNSection,
    GoldenArtifactSection,
    GoldenEndpointSection,
    GoldenScoresSection,
    Suite,
    TransferSection,
)
from iirl_core.errors import ConfigError
from iirl_core.evaluation import JudgedRow
from iirl_core.records import RecordFile
from iirl_core.release import resolve
from jobs.evaluate.endpoint import Endpoint
from jobs.evaluate.reading import Quarantine, rows_of
from jobs.ingest.sources import find_files
from jobs.lineage import manifest_of


@dataclass(frozen=True)
class PreparedSuite:
    """A suite before it is scored: its files, and who gives golden scores."""

    section: Suite
    files: tuple[RecordFile, ...]
    golden: Digest | None
    endpoint: Endpoint | None


def prepare_suites(session: Session, config: Config) -> list[PreparedSuite]:
    """What would only fail after long work fails here. Of each suite rows are read up to the first that can be used
    (of a transfer suite all), and an endpoint is asked about that one.

    Raises:
        ConfigError: a file or a token is missing, two files of a suite have one name, a golden artifact scores
            something else, a line has two golden scores, a suite names policies that its rows do not, or an endpoint
            refuses us.
        NotFound: there is no such golden artifact.
        CorpusEmpty: no row of a suite can be used.
        ClusterError: an endpoint does not answer.
    """
    prepared = [_prepared(session, section) for section in config.evaluate.suites]
    for suite in prepared:
        _try(suite)
    return prepared


def _prepared(session: Session, section: Suite) -> PreparedSuite:
    files = find_files(section.files, f"evaluate.suites: {section.name}.files")
    _check_names(section, files)
    golden, endpoint = None, None
    if isinstance(section, BestOfNSection):
        match section.golden:
            case GoldenArtifactSection(artifact=reference):
                golden = resolve(session.store, reference)
                if manifest_of(session.store, golden).kind != "conversation":
                    raise ConfigError(f"evaluate.suites: {section.name}.golden {reference} scores trajectories")
            case GoldenEndpointSection():
                endpoint = Endpoint(section.golden)
            case GoldenScoresSection(files=patterns):
                find_files(patterns, f"evaluate.suites: {section.name}.golden.files")
    return PreparedSuite(section, files, golden, endpoint)


def _try(suite: PreparedSuite) -> None:
    """What can be known of its rows without scoring them, and whether its endpoint answers."""
    section, quarantine = suite.section, Quarantine()
    rows = quarantine.usable(rows_of(section, suite.files))
    first = next(rows, None)
    if first is None:
        raise quarantine.nothing_of(section)
    if isinstance(section, TransferSection):
        check_seen(section, {row.policy for row in chain([first], rows) if isinstance(row, JudgedRow)})
    if suite.endpoint is not None:
        suite.endpoint.rewards(first.answers)


def check_seen(section: TransferSection, names: Collection[str]) -> None:
    """``names`` are the policies of the rows.

    Raises:
        ConfigError: the section names policies that no row is of.
    """
    if unknown := sorted(set(section.seen) - set(names)):
        known = ", ".join(sorted(names)[:8])
        raise ConfigError(f"evaluate.suites: {section.name}.seen names {', '.join(unknown)}", f"some of {known}")


def _check_names(section: Suite, files: Sequence[RecordFile]) -> None:
    """A row is known by its file's name and its line: to golden scores, quarantines and the evaluation that is kept."""
    named: dict[str, str] = {}
    for file in files:
        if (other := named.setdefault(file.name, file.path)) != file.path:
            raise ConfigError(
                f"evaluate.suites: {section.name}.files are {other} and {file.path}",
                "no two of one name, by which rows and their golden scores are known",
                "Rename one, or give each a suite of its own",
            )
