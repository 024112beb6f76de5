"""``iirl patch``: flaws → a repaired child artifact, under the known-good budget.

audits/DIGEST/ROUND/repair.json keeps what was repaired, what was refused and why, and what it cost
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cluster.session import Session
from iirl_core.artifact import Artifact, Provenance, Supervision, load_from, provenance_of, seal_child
from iirl_core.audit import Audit, Finding, TriageLabel
from iirl_core.canonical import Digest, canonical_json
from iirl_core.config import Config
from iirl_core.errors import ConfigError
from iirl_core.norm import norms_of
from iirl_core.patch import BudgetReport, Patch, check_budget
from iirl_core.patch.corpus import draws_on_corpus, draws_on_pairs
from iirl_core.patch.propose import Proposal, flaws_of, propose
from iirl_core.release import audit_file, resolve
from iirl_core.signing import KeyRole, SigningKey, Trust, load_private_key
from iirl_core.store.pointer import move_pointer
from iirl_core.triage import acted_on, shaped_by_people
from jobs.builder import sign_sealed
from jobs.console import Progress
from jobs.history import history_of, labelled_before, latest_round
from jobs.learnt import corpus_behind, learnt_from
from jobs.outcome import Outcome

REPAIR = "repair.json"


@dataclass(frozen=True)
class Repair:
    """``child`` is the repaired artifact, None where nothing could be repaired; ``budget`` is measured on the guard set
    with the child's full bank.
    """

    child: Digest | None
    proposal: Proposal
    budget: BudgetReport


def run(session: Session, config: Config, progress: Progress, reference: str | None = None) -> Outcome:
    """Repair what triage called flaws in the newest audit of an artifact (default: the latest).

    Raises:
        NotFound: it was never audited.
        ConfigError: it was not triaged, or the builder's key is missing.
    """
    store = session.store
    digest = resolve(store, reference or config.name)
    past = latest_round(store, digest, Trust.from_folder(Path(config.keys)), config.review.confidence)
    if not past.triaged:
        raise ConfigError(f"round {past.audit.round} of {digest[:19]} was not triaged", todo="iirl triage CONFIG.yaml")
    repair = patch_round(session, config, progress, past.audit, findings=past.findings(), labels=past.labels)
    proposal = repair.proposal
    if repair.child is None:
        return Outcome(f"repaired nothing: {len(proposal.refused)} flaws refused", digest, "train again", passed=False)
    return Outcome(
        made=f"repaired {digest[:19]} with {len(proposal.patches)} patches ({len(proposal.refused)} flaws refused); "
        f"every known-good input keeps at least {repair.budget.least:.1%} of its reward",
        where=f"{store.url}/artifacts/{repair.child.replace(':', '-')}",
        next="iirl audit CONFIG.yaml",
    )


def patch_round(
    session: Session,
    config: Config,
    progress: Progress,
    audit: Audit,
    *,
    findings: Sequence[Finding],
    labels: Mapping[str, TriageLabel],
) -> Repair:
    """Propose, check against the budget, seal the child, sign, log, point to it; keep the record of it. What is mended
    are the findings whose label is *flaw*: the policy's, or people's, who then supervised the repair.

    Raises:
        ConfigError: the builder's key is missing.
        Tampered: the artifact does not hold.
    """
    key = load_private_key(Path(config.keys), KeyRole.BUILDER)
    artifact = load_from(session.store, audit.digest, trust_remote_code=config.trusts_remote_code)
    work = _Work(audit, findings, labels, _labelled_by_people(session, config, audit, findings))
    with progress.task(f"repair of {len(work.flaws):,} flaws"):
        repair = _repair(session, config, artifact, work)
    if repair.child is not None:
        _sign(session, key, config, repair, audit)
    _record(session, audit, repair)
    return repair


@dataclass(frozen=True)
class _Work:
    """The findings of a round, their labels, and whose label people gave."""

    audit: Audit
    findings: Sequence[Finding]
    labels: Mapping[str, TriageLabel]
    by_people: Collection[str]

    @property
    def flaws(self) -> list[Finding]:
        return [finding for finding in self.findings if self.labels.get(finding.id) is TriageLabel.FLAW]


def _labelled_by_people(session: Session, config: Config, audit: Audit, findings: Sequence[Finding]) -> set[str]:
    """In this round, or of the same questions in an earlier one."""
    history = history_of(session.store, audit.digest, Trust.from_folder(Path(config.keys)))
    settled = next(past.settled for past in history if past.audit.round == audit.round)
    return {*acted_on(settled, config.review.confidence), *labelled_before(history, findings)}


def _repair(session: Session, config: Config, artifact: Artifact, work: _Work) -> Repair:
    flaws, refused = flaws_of(artifact.model, work.flaws, norms_of(config))
    proposed = propose(artifact.model, flaws, artifact.guard, config.patch, work.audit.round)
    proposal = Proposal(proposed.patches, (*refused, *proposed.refused), proposed.postponed)
    patches = (*artifact.model.patches, *proposal.patches)
    guard = artifact.guard
    budget = check_budget(
        guard.root_rewards, artifact.model.with_patches(patches).rewards(guard.z), config.patch.budget
    )
    if not proposal.patches or not budget.holds:
        return Repair(None, proposal, budget)
    learnt = _learnt(session, config, artifact, proposal.patches, work.flaws)
    human = shaped_by_people(proposal.patches, work.findings, work.labels, work.by_people, config.triage)
    return Repair(seal_child(session.store, artifact, patches, learnt=learnt, human=human), proposal, budget)


def _learnt(
    session: Session, config: Config, artifact: Artifact, patches: Sequence[Patch], flaws: Sequence[Finding]
) -> Provenance:
    """What can be claimed of where the patches come from."""
    claims = Provenance()
    if draws_on_corpus(patches, flaws):
        claims = claims.joined(_probed(session, config, artifact))
    if draws_on_pairs(patches, flaws):
        claims = claims.joined(Provenance(supervision=Supervision.PREFERENCE))
    return claims


def _probed(session: Session, config: Config, artifact: Artifact) -> Provenance:
    """What can be claimed of patches that go back to probe corpora: to some of them, so the least of all."""
    sections = [section for section in config.corpora if section.role == "probes"]
    return provenance_of(
        [learnt_from(section, corpus_behind(session.store, artifact.manifest, section)) for section in sections]
    )


def _sign(session: Session, key: SigningKey, config: Config, repair: Repair, audit: Audit) -> None:
    store, child = session.store, repair.child
    if child is None:
        return
    details = (
        ("parent", audit.digest),
        ("patches", str(len(repair.proposal.patches))),
        ("refused", str(len(repair.proposal.refused))),
        ("round", str(audit.round)),
    )
    sign_sealed(store, key, config.name, child, kind="patch", details=details)
    move_pointer(store, f"runs/{config.name}/latest", child)


def _record(session: Session, audit: Audit, repair: Repair) -> None:
    """What was decided stays on record, also where nothing could be repaired."""
    document = {
        "child": repair.child,
        "patches": [patch.id for patch in repair.proposal.patches],
        "refused": [{"finding": one.finding, "reason": one.reason} for one in repair.proposal.refused],
        "postponed": repair.proposal.postponed,
        "budget": {
            "allowed": repair.budget.budget,
            "guarded": repair.budget.guarded,
            "overdrawn": repair.budget.overdrawn,
            "least_kept": repair.budget.least,
        },
    }
    session.store.put(audit_file(audit.digest, audit.round, REPAIR), canonical_json(document))
