from __future__ import annotations

import dataclasses
from typing import Literal

import pytest

from iirl_core.config.governance import AutomaticSection, PatchSection, RepairKind
from iirl_core.patch import Projection, Repairs
from iirl_core.repair import Approval, Offer, Plan, decide
from tests.iirl_core.repair.test_trial import GOOD

REMOVED = Repairs(projections=(Projection(((1.0, 0.0),), (0.0, 0.0), ("f-1",), ("n",), 1),))


def plan(*kinds: RepairKind, cost: float = 0.0) -> Plan:
    trial = dataclasses.replace(GOOD, cost=cost)
    offers = tuple(Offer(kind, REMOVED, frozenset({"f-1"}), trial) for kind in kinds)
    return Plan(offers, offers, ())


def test_within_the_policy_a_repair_is_sealed() -> None:
    assert decide(plan("kernels", "projection"), PatchSection()).approval is Approval.SEAL


def test_beyond_the_policy_a_person_decides_and_is_told_why() -> None:
    narrow = PatchSection(automatic=AutomaticSection(kinds=["kernels"], cost=0.01))
    beyond = decide(plan("kernels", "projection", cost=0.011), narrow)
    assert beyond.approval is Approval.SUGGEST
    assert beyond.reasons == (
        "projection is not one of patch.automatic.kinds",
        "it takes 1.10% of known-good rewards, more than patch.automatic.cost",
    )
    assert decide(plan("kernels", cost=0.01), narrow).approval is Approval.SEAL


def test_the_configuration_may_leave_nothing_to_the_policy() -> None:
    assert decide(plan("kernels"), PatchSection(approval="suggested")).approval is Approval.SUGGEST


def test_by_hand_a_person_chooses_and_nothing_that_was_chosen_without_one_is_sealed() -> None:
    by_hand, chosen = PatchSection(approval="manual"), plan("kernels", "projection")
    decided = decide(dataclasses.replace(chosen, chosen=(), open=chosen.chosen), by_hand)
    assert (decided.approval, decided.reasons) == (Approval.CHOOSE, ("patch.approval: manual",))
    assert decide(chosen, by_hand).approval is Approval.NOTHING


@pytest.mark.parametrize("approval", ["manual", "suggested", "automatic"])
def test_of_nothing_there_is_nothing_to_decide(approval: Literal["manual", "suggested", "automatic"]) -> None:
    assert decide(plan(), PatchSection(approval=approval)).approval is Approval.NOTHING
