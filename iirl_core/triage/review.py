"""A Review: one round of findings laid out for people, with what they said so far. Every console starts from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from iirl_core.audit.finding import Finding
from iirl_core.errors import InputError
from iirl_core.norm.norm import Norm
from iirl_core.norm.number import norm_of
from iirl_core.triage.cluster import Cluster
from iirl_core.triage.places import Places
from iirl_core.triage.said import Said, Withdrawn, standing
from iirl_core.triage.settling import Settled, contradicting, settle


@dataclass(frozen=True, eq=False)
class Review:
    """``findings`` of a round with their ``places``, in ``clusters``, the most worth first; ``said`` and ``withdrawn``
    are people's, in signed statements. A label spreads as far as ``reach``, in the units of the places, and never to
    ``held`` findings, whose question people labelled in an earlier round.
    """

    findings: tuple[Finding, ...]
    places: Places
    clusters: tuple[Cluster, ...]
    norms: tuple[Norm, ...]
    reach: float
    said: tuple[Said, ...] = ()
    withdrawn: tuple[Withdrawn, ...] = ()
    held: frozenset[str] = frozenset()

    @cached_property
    def settled(self) -> Mapping[str, Settled]:
        """What people's labels come to, by finding."""
        return settle(self.said, self.withdrawn)

    @cached_property
    def standing(self) -> tuple[Said, ...]:
        """Each person's last word on each finding."""
        return tuple(standing(self.said, self.withdrawn))

    @cached_property
    def contradicting(self) -> frozenset[str]:
        """The clusters in which labels contradict each other, so that nothing spreads."""
        return frozenset(contradicting(self.standing))

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {finding.id: number for number, finding in enumerate(self.findings)}

    @cached_property
    def _clusters(self) -> Mapping[str, Cluster]:
        return {name: cluster for cluster in self.clusters for name in cluster.findings}

    def number(self, finding: str) -> int:
        """Where a finding stands among ``findings``.

        Raises:
            InputError: it is none of this round.
        """
        if finding not in self._numbers:
            raise InputError(f"there is no finding {finding!r} in this round", "an id that iirl triage list shows")
        return self._numbers[finding]

    def finding(self, name: str) -> Finding:
        """By its id. Raises as ``number``."""
        return self.findings[self.number(name)]

    def cluster_of(self, finding: str) -> Cluster:
        """The cluster that a finding is in. Raises as ``number``."""
        self.number(finding)
        return self._clusters[finding]

    def cluster(self, name: str) -> Cluster:
        """By its id.

        Raises:
            InputError: there is none of that name in this round.
        """
        found = next((cluster for cluster in self.clusters if cluster.id == name), None)
        if found is None:
            raise InputError(f"there is no cluster {name!r} in this round", "an id that iirl triage list shows")
        return found

    def label(self, name: str) -> Said:
        """By its id, also one that was taken back.

        Raises:
            InputError: nobody gave such a label in this round.
        """
        found = next((said for said in self.said if said.id == name), None)
        if found is None:
            raise InputError(f"there is no label {name!r} in this round", "an id that iirl triage show prints")
        return found

    def norm(self, name: str) -> Norm | None:
        """The norm as it is configured now; None where it is no more."""
        return norm_of(self.norms, name)
