"""Opening a round for people: its findings, where they lie, and what was said of them; all of it signed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from cluster.session import Session
from iirl_core.config import Config
from iirl_core.errors import ConfigError
from iirl_core.norm import norms_of
from iirl_core.release import resolve
from iirl_core.signing import KeyRole, Trust
from iirl_core.triage import Places, Review, clusters_of
from jobs.history import PLACES, PastRound, history_of, labelled_before, latest_round


@dataclass(frozen=True)
class Opened:
    """The newest audit of an artifact, as ``past`` and as the ``review`` that people see; ``trust`` names them."""

    past: PastRound
    review: Review
    trust: Trust

    def person(self, keyid: str) -> str:
        """Whose key it is, by the name of the file that makes it trusted (``reviewer-NAME.pub``), else its id."""
        mine = [key for key in self.trust.find(keyid) if key.role is KeyRole.REVIEWER]
        return Path(mine[0].source).stem.removeprefix("reviewer").lstrip("-") or keyid[:12] if mine else keyid[:12]


def open_review(session: Session, config: Config, reference: str | None) -> Opened:
    """The newest audit of ``reference`` (None: the latest artifact).

    Raises:
        NotFound: it was never audited.
        ConfigError: it was not triaged yet.
        Tampered, Gated: an audit, a label or a file does not hold.
    """
    store, trust = session.store, Trust.from_folder(Path(config.keys))
    digest = resolve(store, reference or config.name)
    past = latest_round(store, digest, trust, config.review.confidence)
    findings, places = tuple(past.findings()), _places(past)
    spoken = Counter[str]()
    for result in past.audit.families:
        spoken[result.norm] += result.spoken
    earlier = [one for one in history_of(store, digest, trust) if one.audit.round < past.audit.round]
    review = Review(
        findings,
        places,
        clusters_of(findings, places, spoken, config.review),
        norms_of(config),
        config.review.reach * places.spread,
        past.said,
        past.withdrawn,
        frozenset(labelled_before(earlier, findings)),
    )
    return Opened(past, review, trust)


def _places(past: PastRound) -> Places:
    """Where the findings lie, if it is what the auditor signed."""
    told = dict(past.triage.files).get(PLACES) if past.triage else None
    if told is None:
        raise ConfigError(
            f"round {past.audit.round} of {past.digest[:19]} was not laid out for people",
            todo="iirl triage CONFIG.yaml",
        )
    return Places.from_bytes(past.file(PLACES, told))
