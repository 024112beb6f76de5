"""What can be claimed of where repairs come from."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.session import Session
from iirl_core.artifact import Artifact, Mode, Provenance, Supervision, provenance_of
from iirl_core.audit import Finding
from iirl_core.config import Config
from iirl_core.patch import Repair
from iirl_core.patch.corpus import draws_on_corpus, draws_on_pairs, draws_on_policies, draws_on_reports
from jobs.learnt import corpus_behind, learnt_from


def claims_of(
    session: Session, config: Config, artifact: Artifact, repairs: Sequence[Repair], flaws: Sequence[Finding]
) -> Provenance:
    """Of new ``repairs``; ``flaws`` are the findings that they cite."""
    claims = Provenance()
    if draws_on_corpus(repairs, flaws):
        claims = claims.joined(_probed(session, config, artifact))
    if draws_on_pairs(repairs, flaws):
        claims = claims.joined(Provenance(supervision=Supervision.PREFERENCE))
    if draws_on_reports(repairs, flaws):
        claims = claims.joined(Provenance(supervision=Supervision.WEAK))
    if draws_on_policies(repairs, flaws):
        claims = claims.joined(Provenance(mode=Mode.POLICY_ADAPTIVE))
    return claims


def _probed(session: Session, config: Config, artifact: Artifact) -> Provenance:
    """What can be claimed of repairs that go back to probe corpora: to some of them, so the least of all."""
    sections = [section for section in config.corpora if section.role == "probes"]
    return provenance_of(
        [learnt_from(section, corpus_behind(session.store, artifact.manifest, section)) for section in sections]
    )
