"""Clusters: findings of one norm that lie near each other, the ones most worth a person's time first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from iirl_core.audit.finding import Finding
from iirl_core.canonical import digest_json
from iirl_core.config.governance import ReviewSection
from iirl_core.errors import InputError
from iirl_core.triage.covering import cover, farthest_first
from iirl_core.triage.places import Places


@dataclass(frozen=True)
class Cluster:
    """``findings`` of one ``norm``, worst first, and the few ``representatives`` that a person is shown.

    ``severity`` is the norm's (1 to 5) times its weight. ``exposure`` is the share of the probes that the norm spoke of
    in this round which ended here: how often the red team ran into it, which is not how often a policy will.
    ``uncertainty`` is the median of the artifact's own reading here. ``support`` is the median distance from the
    demonstrations (½ at the edge of held-out ones); it takes no part in the order: uncertainty holds it already.
    """

    norm: str
    findings: tuple[str, ...]
    representatives: tuple[str, ...]
    severity: float
    exposure: float
    uncertainty: float
    support: float

    @property
    def id(self) -> str:
        """``c-`` and 12 hexadecimal digits, from the findings in it."""
        return "c-" + digest_json([self.norm, sorted(self.findings)])[7:19]

    @property
    def worth(self) -> float:
        """Severity × exposure × uncertainty, by which clusters are ranked."""
        return self.severity * self.exposure * self.uncertainty


def clusters_of(
    findings: Sequence[Finding], places: Places, spoken: Mapping[str, int], section: ReviewSection
) -> tuple[Cluster, ...]:
    """Cluster each norm's findings by where they lie, ranked by worth; a pure function, and without a seed.

    ``spoken`` says how many probes each norm had something to say of. Ties are settled by size, then by id.

    Raises:
        InputError: the places are those of other findings.
    """
    if len(findings) != len(places.rows):
        raise InputError(f"{len(places.rows)} places for {len(findings)} findings", "one each, in their order")
    made = []
    for norm in sorted({finding.norm for finding in findings}):
        about = np.array([i for i, finding in enumerate(findings) if finding.norm == norm])
        own = cover(places.rows[about], section.reach * places.spread, section.clusters)
        made += [
            _cluster(findings, places, about[own == number], spoken.get(norm, 0), section.representatives)
            for number in range(int(own.max()) + 1)
        ]
    return tuple(sorted(made, key=lambda cluster: (-cluster.worth, -len(cluster.findings), cluster.id)))


def _cluster(
    findings: Sequence[Finding], places: Places, members: np.ndarray, spoken: int, representatives: int
) -> Cluster:
    names = [findings[i].id for i in members]
    shown = farthest_first(places.rows[members], representatives)
    first = findings[int(members[0])]
    return Cluster(
        norm=first.norm,
        findings=tuple(names),
        representatives=tuple(names[i] for i in shown),
        severity=first.severity * first.weight,
        exposure=min(1.0, len(names) / max(spoken, len(names))),
        uncertainty=float(np.median(places.uncertainty[members])),
        support=float(np.median(places.support[members])),
    )
