"""The chain as the report tells it: what each round asked, found, repaired, and what the repairs cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from iirl_core.artifact import Artifact
from iirl_core.artifact.repair_files import stored_repairs
from iirl_core.audit import TriageLabel
from iirl_core.config import Config
from iirl_core.errors import NotFound
from iirl_core.patch import Repairs, check_budget
from iirl_core.release import audit_file
from iirl_core.report import RoundFacts
from iirl_core.reward_model import RewardModel
from iirl_core.signing import Fields
from iirl_core.store.protocol import Store
from jobs.history import PastRound
from jobs.patch import REPAIR

KEPT = 0.95
"""Share of its root reward that an unseen demonstration point should keep."""


KINDS = ("patches", "projections", "sculpts", "edits")
"""Of repairs, as ``repair.json`` lists them; those beside patches are not in records of former versions."""


@dataclass(frozen=True)
class RepairRecord:
    """What ``repair.json`` says of one round: repairs of every kind, and flaws that none mends."""

    added: int
    refused: int


def repair_record(store: Store, past: PastRound) -> RepairRecord:
    """The repair that followed a round; nothing, where none did. Records of former versions are read, too, of which
    nothing can be accepted any more.

    Raises:
        Tampered: its record was changed.
    """
    try:
        fields = Fields.parse(REPAIR, store.get(audit_file(past.digest, past.audit.round, REPAIR)))
    except NotFound:
        return RepairRecord(0, 0)
    added = sum(len(fields.texts(kind)) for kind in KINDS if kind in fields.document)
    return RepairRecord(added if fields.optional_digest("child") else 0, len(fields.inners("refused")))


def model_of(artifact: Artifact, past: PastRound) -> RewardModel:
    """The model that a round of the chain audited: its repairs on the weights, which are the same along it."""
    return artifact.model.with_repairs(stored_repairs(past.store, past.digest))


def round_facts(
    store: Store, config: Config, artifact: Artifact, history: Sequence[PastRound], unseen: Tensor | None
) -> tuple[RoundFacts, ...]:
    """One row a round, oldest first; retained reward is measured anew, with the repairs that each round audited."""
    return tuple(_round(store, config, artifact, past, unseen) for past in history)


def _round(store: Store, config: Config, artifact: Artifact, past: PastRound, unseen: Tensor | None) -> RoundFacts:
    audit, model = past.audit, model_of(artifact, past)
    labels = Counter(past.labels.values())
    repair = repair_record(store, past)
    report = check_budget(artifact.guard.root_rewards, model.rewards(artifact.guard.z).detach(), config.patch.budget)
    broken, counted = audit.broken_by(audit.held_out)
    return RoundFacts(
        round=audit.round,
        digest=past.digest,
        probes=audit.probes,
        findings=audit.findings + audit.refuted,
        verified=audit.findings,
        flaws=labels[TriageLabel.FLAW],
        unsure=labels[TriageLabel.UNSURE],
        hard_flaws=audit.open_hard,
        repairs_added=repair.added,
        refused=repair.refused,
        guard_min=report.least,
        unseen_share=None if unseen is None else retained(artifact, model.rewards(unseen), unseen),
        held_out_rate=broken / counted if counted else None,
    )


@torch.no_grad()
def retained(artifact: Artifact, now: Tensor, z: Tensor) -> float:
    """The share of rows ``z [N, D]`` that keep at least ``KEPT`` of what the unpatched root gave them."""
    root = artifact.model.with_repairs(Repairs()).rewards(z)
    return float((now >= KEPT * root).double().mean())
