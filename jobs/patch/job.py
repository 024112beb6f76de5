"""One round of repair: propose, try, seal, sign, and keep the record."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from cluster.session import Session
from iirl_core.artifact import Artifact, load_from, seal_child
from iirl_core.artifact.model_digest import model_digest
from iirl_core.audit import Audit, Finding, TriageLabel
from iirl_core.config import Config
from iirl_core.encoder.remembering import RememberingEncoder
from iirl_core.errors import ConfigError
from iirl_core.norm import NUMBER, norms_of
from iirl_core.patch import BudgetReport, Repairs, check_budget
from iirl_core.probe import ChunkSeed
from iirl_core.release import resolve
from iirl_core.repair import Approval, Ground, Plan, Trial, choose, decide, ground_of, lay_out
from iirl_core.signing import KeyRole, Trust, load_private_key
from iirl_core.triage import acted_on, shaped_by_people
from jobs.audit.material import gather_material
from jobs.console import Progress
from jobs.history import PastRound, history_of, labelled_before, latest_round
from jobs.outcome import Outcome
from jobs.patch.claims import claims_of
from jobs.patch.repair import Repair, keep_record
from jobs.patch.sealing import make_latest, sign_child
from jobs.patch.suggestion import Suggestion, keep_suggestion, rejected_repairs
from jobs.patch.telling import lines_of

REMEMBERED = 20_000
"""Conversations whose encoding is kept: proposing and trying ask about the same ones."""


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
    refused = f"{len(repair.plan.refused)} flaws refused"
    if repair.child is not None:
        return Outcome(
            made=f"repaired {digest[:19]} with {repair.plan.repairs} ({refused}); "
            f"every known-good input keeps at least {repair.budget.least:.1%} of its reward",
            where=f"{store.url}/artifacts/{repair.child.replace(':', '-')}",
            next="iirl audit CONFIG.yaml",
        )
    if repair.suggestions:
        made = f"{digest[:19]} waits for a person: {repair.waiting} ({refused}); nothing was sealed"
        return Outcome(made, "; ".join(repair.decided.reasons), repair.following, passed=False)
    if repair.plan == Plan((), (), ()):
        made = f"nothing to repair: round {past.audit.round} has no finding that is a flaw and may be looked at"
        return Outcome(made, digest, "iirl triage list CONFIG.yaml", passed=False)
    return Outcome(f"repaired nothing: {refused}", digest, "train again", passed=False)


def patch_round(
    session: Session,
    config: Config,
    progress: Progress,
    audit: Audit,
    *,
    findings: Sequence[Finding],
    labels: Mapping[str, TriageLabel],
) -> Repair:
    """Propose, try, and, as ``patch.approval`` says, seal the child, sign, log, point to it, or keep it for a person;
    keep the record of it. What is mended are the findings whose label is *flaw*: the policy's, or people's, who then
    supervised the repair; never those of families that are held out.

    Raises:
        ConfigError: the builder's key is missing.
        Tampered: the artifact does not hold.
    """
    key = load_private_key(Path(config.keys), KeyRole.BUILDER)
    artifact = load_from(session.store, audit.digest, trust_remote_code=config.trusts_remote_code)
    history = history_of(session.store, audit.digest, Trust.from_folder(Path(config.keys)))
    work = _Work(audit, findings, labels, _labelled_by_people(config, audit, findings, history), config.audit.held_out)
    with progress.task(f"repair of {len(work.flaws):,} flaws"):
        repair = _repair(session, config, artifact, work, history)
    for line in lines_of(repair.plan, config.patch):
        progress.say(line)
    if repair.child is not None:
        sign_child(
            session.store,
            key,
            config,
            repair.child,
            parent=audit.digest,
            round_=audit.round,
            repairs=repair.plan.repairs,
            refused=len(repair.plan.refused),
        )
    keep_record(session.store, audit, repair)
    if repair.child is not None:
        make_latest(session.store, config, repair.child)
    return repair


@dataclass(frozen=True)
class _Work:
    """The findings of a round, their labels, whose label people gave, and the families whose findings no repair may
    look at.
    """

    audit: Audit
    findings: Sequence[Finding]
    labels: Mapping[str, TriageLabel]
    by_people: Collection[str]
    held_out: Collection[str]

    @cached_property
    def flaws(self) -> list[Finding]:
        found = [finding for finding in self.findings if self.labels.get(finding.id) is TriageLabel.FLAW]
        return [finding for finding in found if finding.origin not in self.held_out]


def _labelled_by_people(
    config: Config, audit: Audit, findings: Sequence[Finding], history: Sequence[PastRound]
) -> set[str]:
    """In this round, or of the same questions in an earlier one."""
    settled = next(past.settled for past in history if past.audit.round == audit.round)
    return {*acted_on(settled, config.review.confidence), *labelled_before(history, findings)}


def _repair(session: Session, config: Config, artifact: Artifact, work: _Work, history: Sequence[PastRound]) -> Repair:
    store, round_ = session.store, work.audit.round
    if not work.flaws:
        return Repair(None, Plan((), (), ()), _budget(artifact, config.patch.budget))
    ground = _ground(session, config, artifact, work, history)
    rejected = rejected_repairs(store, artifact.digest, round_, Trust.from_folder(Path(config.keys)))
    planned = lay_out if config.patch.approval == "manual" else choose
    plan = planned(work.flaws, ground, artifact.guard, config.patch, round_, rejected=rejected)
    decided, trial = decide(plan, config.patch), plan.trial
    if decided.approval is Approval.CHOOSE:
        tried = [(offer.repairs, offer.trial) for offer in plan.open]
        names = _suggest(session, config, artifact, work, tried, reasons=decided.reasons)
        return Repair(None, plan, _budget(artifact, config.patch.budget), decided, names)
    if decided.approval is Approval.NOTHING or trial is None:
        return Repair(None, plan, _budget(artifact, config.patch.budget), decided)
    repairs = plan.repairs
    if decided.approval is Approval.SUGGEST:
        names = _suggest(session, config, artifact, work, [(repairs, trial)], reasons=decided.reasons)
        return Repair(None, plan, trial.budget, decided, names)
    learnt = claims_of(session, config, artifact, tuple(repairs), work.flaws)
    human = shaped_by_people(tuple(repairs), work.findings, work.labels, work.by_people, config.triage)
    child = seal_child(store, artifact, artifact.model.repairs.joined(repairs), learnt=learnt, human=human)
    return Repair(child, plan, trial.budget, decided)


def _suggest(
    session: Session,
    config: Config,
    artifact: Artifact,
    work: _Work,
    tried: Sequence[tuple[Repairs, Trial]],
    *,
    reasons: tuple[str, ...],
) -> tuple[str, ...]:
    """Keep each repair for a person, with its trial; their ids."""
    names = []
    for repairs, trial in tried:
        waits = Suggestion(
            parent=artifact.digest,
            round=work.audit.round,
            repairs=repairs,
            learnt=claims_of(session, config, artifact, tuple(repairs), work.flaws),
            reasons=reasons,
            trial=trial.document(),
            model=model_digest(artifact.manifest),
        )
        keep_suggestion(session.store, waits)
        names.append(waits.id)
    return tuple(names)


@torch.no_grad()
def _budget(artifact: Artifact, budget: float) -> BudgetReport:
    """What was taken before, where nothing comes to it."""
    return check_budget(artifact.guard.root_rewards, artifact.model.rewards(artifact.guard.z), budget)


def _ground(session: Session, config: Config, artifact: Artifact, work: _Work, history: Sequence[PastRound]) -> Ground:
    """Where candidates are tried, by seeds of which no audit knows."""
    model = artifact.model
    if artifact.manifest.kind == "conversation":
        model = model.with_encoder(RememberingEncoder(model.encoder, REMEMBERED))
    norms, material = gather_material(session.store, config, artifact, norms_of(config), history)
    seed = ChunkSeed(f"trial of {artifact.digest}", work.audit.round, "", 0, config.seed)
    return ground_of(
        model,
        work.flaws,
        (*norms, NUMBER),
        material=material,
        seed=seed,
        section=config.patch.trial,
        held_out=config.audit.held_out,
        teaching="editing" in config.patch.kinds,
    )
