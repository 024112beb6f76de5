"""Suites before they are read: their files, and who gives golden scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cluster.session import Session
from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.config.suites import (
    BestOfNSection,
    GoldenArtifactSection,
    GoldenEndpointSection,
    GoldenScoresSection,
    Suite,
)
from iirl_core.errors import ConfigError
from iirl_core.records import RecordFile
from iirl_core.release import resolve
from jobs.evaluate.endpoint import Endpoint
from jobs.ingest.sources import find_files
from jobs.lineage import manifest_of


@dataclass(frozen=True)
class PreparedSuite:
    """A suite before it is read: its files, and who gives golden scores."""

    section: Suite
    files: tuple[RecordFile, ...]
    golden: Digest | None
    endpoint: Endpoint | None


def prepare_suites(session: Session, config: Config) -> list[PreparedSuite]:
    """What would only fail after long work fails here.

    Raises:
        ConfigError: a file or a token is missing, two files of a suite have one name, or a golden artifact scores
            something else.
        NotFound: there is no such golden artifact.
    """
    return [_prepared(session, section) for section in config.evaluate.suites]


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
