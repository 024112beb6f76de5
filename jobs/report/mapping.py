"""Where in latent space the last audit asked, and where the worst findings of all rounds lie."""

from __future__ import annotations

from collections.abc import Sequence

from iirl_core.artifact import Artifact
from iirl_core.audit import Audit, Coverage, Finding
from iirl_core.canonical import digest_bytes
from iirl_core.errors import Tampered
from iirl_core.release import audit_file
from iirl_core.report import LatentMap
from iirl_core.store.protocol import Store
from iirl_core.triage import places_of
from jobs.history import COVERAGE

FINDINGS = 200
"""Findings that are drawn, the worst of each kind first: each has to be encoded again."""


def latent_map(store: Store, artifact: Artifact, audit: Audit, findings: Sequence[Finding]) -> LatentMap:
    """In the artifact's whitened coordinates; demonstrations are those of its support.

    Raises:
        Tampered: the coverage is not the one that the audit lists.
    """
    data = store.get(audit_file(artifact.digest, audit.round, COVERAGE))
    if digest_bytes(data) != audit.coverage_file:
        raise Tampered(f"{COVERAGE} of round {audit.round} about {artifact.digest[:19]} was changed")
    model = artifact.model
    shown = [finding for finding in findings if not finding.twin][:FINDINGS]
    return LatentMap(
        model.support.points.numpy(), Coverage.from_bytes(data).points.numpy(), places_of(model, shown).rows
    )
