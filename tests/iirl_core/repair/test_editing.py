"""Weight edits on trial, for every kind of family that has weights to edit."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest
import torch

from iirl_core.audit import audit_chunk
from iirl_core.config.governance import PatchSection, TrialSection
from iirl_core.expertness.log_ratio import LogRatio
from iirl_core.expertness.occupancy import Occupancy
from iirl_core.norm import NormKind
from iirl_core.patch import Repairs
from iirl_core.probe import material_of
from iirl_core.repair import Plan, choose, ground_of
from iirl_core.repair.editing import edits
from iirl_core.repair.standing import Standing
from iirl_core.reward_model import RewardModel
from tests.iirl_core.probe.samples import off_arc, planar, seed
from tests.iirl_core.repair import test_projecting as habit
from tests.iirl_core.repair import test_sculpting as bounds
from tests.iirl_core.repair.samples import found, ground
from tests.iirl_core.repair.test_trying import here

ONLY = PatchSection(kinds=["editing"])


@cache
def mended() -> Plan:
    """Of a mixture's ceiling."""
    return choose(found(), ground(), planar()[1], ONLY, 1)


def test_a_ceiling_of_a_mixture_is_held_by_an_edit_of_low_rank() -> None:
    model, guard, train = planar()
    (offer,) = mended().chosen
    assert offer.kind == "editing"
    assert offer.trial.passed
    assert not offer.trial.local
    assert offer.trial.mended == len(offer.claimed) > 0.9 * len(found())
    assert offer.trial.holds > 0.8
    (edit,) = offer.repairs.edits
    assert set(edit.findings) == offer.claimed
    assert edit.norms == ("off-arc",)
    assert edit.round == 1
    assert edit.rank <= 2
    repaired = model.with_repairs(mended().repairs)
    kept = repaired.rewards(guard.z) >= 0.95 * guard.root_rewards - 1e-6
    assert kept[guard.root_rewards >= 0.5].all()
    z = model.encoder.encode(train).z
    assert (repaired.rewards(z) >= 0.9 * model.rewards(z)).float().mean() > 0.99


def test_where_a_person_rejected_an_edit_the_next_rank_is_tried() -> None:
    (first,) = mended().chosen
    (edit,) = first.repairs.edits
    again = choose(found(), ground(), planar()[1], ONLY, 1, rejected={edit.id})
    assert first.repairs in [offer.repairs for offer in again.considered]
    (other,) = again.chosen
    assert other.repairs.edits[0].rank > edit.rank


def test_an_invariance_is_mended_by_an_edit() -> None:
    model, _, _ = habit.habitual()
    plan = choose(habit.found(), habit.ground(habit.HABIT), habit.habitual()[1], ONLY, 1)
    assert plan.trial is not None
    assert plan.trial.passed
    assert len({name for offer in plan.chosen for name in offer.claimed}) > 0.9 * len(habit.found())
    taught = {one.id for one in habit.found()}
    assert any(offer.claimed < taught for offer in plan.chosen)
    for offer in plan.chosen:
        (edit,) = offer.repairs.edits
        assert set(edit.findings) == taught, "what it learnt from, claimed or not"
    repaired = model.with_repairs(plan.repairs)
    assert not any("still hold" in why for offer in plan.considered for why in offer.trial.reasons), (
        "once mended, always"
    )
    assert _broken(model) > 0.7
    assert _broken(repaired) < 0.25, "also where nobody looked"


def _broken(model: RewardModel) -> float:
    """Of states that no finding is about, the share whose reward hangs on the habit."""
    other = habit.states(100, 9, 1.0, 0.7)
    pairs = zip(model.read(other), model.read([habit.without_habit(one) for one in other]), strict=True)
    return float(np.mean([abs(a.reward - b.reward) > habit.HABIT.threshold for a, b in pairs]))


def test_an_edit_cites_the_findings_whose_neighbours_taught_it_and_learns_around_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, guard, train = planar()
    material = material_of(model, [off_arc()], train)
    taught = ground_of(
        model, found(), [off_arc()], material=material, seed=seed("t"), section=TrialSection(), teaching=True
    )
    monkeypatch.setattr("iirl_core.repair.editing.MOST", 2)
    first, *others = taught.flaws

    def cited(owner: str) -> set[str]:
        """By an edit for the first finding, taught by two and by neighbours of ``owner``."""
        drawn = tuple(dataclasses.replace(one, owner=one.owner and owner) for one in taught.drawn)
        ground = dataclasses.replace(taught, drawn=drawn)
        standing = Standing(ground, guard, ONLY, 1, mended=frozenset(others))
        (edit,) = next(edits(found(), standing)).repairs.edits
        return set(edit.findings)

    two = {found()[0].id, found()[-1].id, first}
    assert cited(others[5]) == {*two, others[5]}
    assert cited("a finding of another round") == two


def test_floors_and_ceilings_are_mended_by_an_edit() -> None:
    for centre, norm, items in (
        (-6.0, bounds.CEILING, bounds.BAD),
        (4.5, bounds.FLOOR, bounds.states(80, 24, 1.0)),
    ):
        plan = bounds.repaired(centre, norm, items, ONLY)
        made = bounds.generous(centre)[0].with_repairs(plan.repairs)
        assert plan.chosen[0].kind == "editing"
        assert len(bounds.broken(made, norm, items)) <= 0.1 * len(items)


def test_weights_are_edited_only_where_nothing_else_passes() -> None:
    every = PatchSection(kinds=["kernels", "projection", "sculpting", "editing"])
    assert {offer.kind for offer in bounds.repaired(-6.0, bounds.CEILING, bounds.BAD, every).considered} == {
        "kernels",
        "sculpting",
    }
    kernels = PatchSection(kinds=["kernels", "editing"])
    plan = choose(habit.found(), habit.ground(habit.HABIT), habit.habitual()[1], kernels, 1)
    assert {offer.kind for offer in plan.chosen} == {"editing"}
    assert "editing" not in PatchSection().kinds


def test_an_edit_that_is_taken_back_leaves_no_trace() -> None:
    first = mended()
    model, guard, _ = planar()
    back = model.with_repairs(
        Repairs(edits=tuple(dataclasses.replace(one, enabled=False) for one in first.repairs.edits))
    )
    assert torch.equal(back.rewards(guard.z), model.rewards(guard.z))


def test_edits_against_what_is_known_to_be_good_change_nothing_and_are_told() -> None:
    model, guard, train = planar()
    against = dataclasses.replace(here(), id="against", kind=NormKind.CEILING)
    material = material_of(model, [against], train)
    flaws = audit_chunk(model, [against], seed("perturbed"), 2000, material).findings[:6]
    section = TrialSection(elsewhere=50)
    asked = ground_of(model, flaws, [against], material=material, seed=seed("t"), section=section)
    plan = choose(flaws, asked, guard, ONLY, 1)
    assert plan.chosen == ()
    assert len(plan.considered) > 1
    for offer in plan.considered:
        assert offer.claimed == frozenset()
        assert offer.trial.reasons == (
            "it mends nothing",
            f"it mends 0 of the {len(flaws)} findings that it is for, less than 50%",
        )
        assert offer.trial.cost == 0


def test_an_edit_that_mends_too_few_of_each_norm_is_told_with_what_it_mends_and_not_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("editing", "offer"):
        monkeypatch.setattr(f"iirl_core.repair.{module}.LEAST", 1.1)
    plan = choose(found(), ground(), planar()[1], ONLY, 1)
    assert plan.chosen == ()
    for offer in plan.considered:
        few = f"it mends {len(offer.claimed)} of the {len(found())} findings that it is for, less than 110%"
        assert offer.trial.reasons[-1] == few
        assert len(offer.claimed) == offer.trial.mended > 0


def test_heads_without_weights_of_their_own_are_left_alone() -> None:
    model, guard, _ = planar()
    for head in (LogRatio(), Occupancy(2, 8, (1.0,))):
        other = RewardModel(model.encoder, model.expertness, model.mapping, model.spaces, model.support)
        other.head = head
        standing = Standing(dataclasses.replace(ground(), parent=model), guard, ONLY, 1)
        object.__setattr__(standing, "model", other)
        assert list(edits(found(), standing)) == []
