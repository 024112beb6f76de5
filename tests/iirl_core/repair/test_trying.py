from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest
import torch

from iirl_core.config.governance import PatchSection, RepairKind, TrialSection
from iirl_core.demonstration import Trajectory
from iirl_core.encoder.trajectory import TrajectoryEncoder
from iirl_core.norm import Norm, NormKind, Region
from iirl_core.patch.patch import Patch, Space
from iirl_core.patch.propose import propose
from iirl_core.patch.repairs import Repairs
from iirl_core.patch.sculpt import Sculpt
from iirl_core.probe import FAMILIES, material_of
from iirl_core.repair import choose, choosing, ground_of, try_repair
from iirl_core.repair.ground import NOT_FRESH
from iirl_core.repair.kernels import Aims, kernels
from iirl_core.repair.standing import Standing
from iirl_core.repair.trial import Trial
from iirl_core.repair.trimming import trim
from tests.iirl_core.probe.samples import off_arc, planar, seed
from tests.iirl_core.repair.samples import flaws, found, ground

INPUT = PatchSection(spaces=["input"])
LATENT = PatchSection(spaces=["latent"])


@cache
def wide() -> tuple[Patch, ...]:
    model, guard, _ = planar()
    return propose(model, flaws(), guard, INPUT, 1).patches


def tried(*patches: Patch, claimed: set[str] | None = None, section: PatchSection = INPUT) -> Trial:
    model, guard, _ = planar()
    names = claimed if claimed is not None else {name for patch in patches for name in patch.findings}
    return try_repair(model.with_patches(patches), ground(), names, guard, section).trial


def around_guard(width: float, strength: float) -> Patch:
    """A kernel in the middle of what must be kept."""
    model, guard, _ = planar()
    centre = tuple(model.space(guard.z[:1], "input")[0][0, 0].tolist())
    return Patch("suppress", "input", 0, centre, width, strength, (found()[0].id,), ("off-arc",), 1)


def test_kernels_with_room_around_them_pass() -> None:
    trial = tried(*wide())
    assert trial.passed, trial.reasons
    assert trial.mended == trial.claimed == len(found())
    assert trial.flawed > 50
    assert trial.holds > 0.9
    assert trial.cost == 0


def test_what_was_claimed_and_still_holds_is_counted() -> None:
    trial = tried(wide()[0], claimed={one.id for one in found()})
    assert trial.mended < trial.claimed
    assert any("still hold" in reason for reason in trial.reasons)


def test_a_repair_of_points_alone_does_not_hold_around_them() -> None:
    narrow = [dataclasses.replace(patch, width=0.01) for patch in _one_each()]
    trial = tried(*narrow)
    assert trial.mended == trial.claimed
    assert trial.holds < 0.2
    assert trial.reasons == (f"around them {trial.left} of {trial.flawed} flaws are left, more than 50%",)


def _one_each() -> list[Patch]:
    """A kernel on every flaw, exactly."""
    model, _, _ = planar()
    phi, _ = model.space(flaws().z, "input")
    return [
        Patch("suppress", "input", 0, tuple(place), 0.1, 2000.0, (name,), ("off-arc",), 1)
        for place, name in zip(phi[:, 0].tolist(), flaws().findings, strict=True)
    ]


def test_a_kernel_over_the_demonstrations_is_charged_and_breaks_the_budget() -> None:
    trial = tried(*wide(), around_guard(width=1.0, strength=0.5))
    assert trial.cost > 0.005
    assert any("more than their budget" in reason for reason in trial.reasons)


def here() -> Norm:
    """What lies around the first known-good state earns something."""
    model, guard, _ = planar()
    assert isinstance(model.encoder, TrajectoryEncoder)
    place = (guard.z[0] * model.encoder.scale + model.encoder.mean).double().numpy()
    box = Region(np.array([[9.0, 9.0]]), 0.1, place - 0.15, place + 0.15)
    return Norm("here", NormKind.FLOOR, True, 3, 0.1, 0.05, ("perturbed",), "walk", "me", box)


@pytest.mark.parametrize(("held_out", "whose"), [((), ""), (("perturbed",), " to families held out of repair")])
def test_what_was_sound_must_stay_sound_and_the_kernel_that_broke_it_is_left_out(
    held_out: tuple[str, ...], whose: str
) -> None:
    model, guard, _ = planar()
    beside = ground(here(), held_out=held_out)
    asked = beside.held_out if held_out else beside.fresh
    assert {probe.family for probe in asked.probes} >= {"perturbed"}
    strong = around_guard(width=1.0, strength=5.0)
    names = {name for patch in wide() for name in patch.findings}
    told = try_repair(model.with_patches([*wide(), strong]), beside, names, guard, INPUT)
    assert (told.trial.broken > 0) != bool(held_out)
    assert any(reason.endswith(f"sound answers{whose}") for reason in told.trial.reasons)
    left = trim([*wide(), strong], Standing(beside, guard, INPUT, 1))
    assert left.trial.passed, left.trial.reasons
    assert strong.id not in {patch.id for patch in left.patches}
    assert len(left.patches) == len(wide())


def test_a_kernel_breaks_no_sound_answer_whatever_was_chosen_before_it() -> None:
    guard, ground_ = planar()[1], ground(dataclasses.replace(here(), hard=False))
    lenient = PatchSection(spaces=["input"], trial=TrialSection(broken=1.0))
    idle = Repairs(sculpts=(Sculpt("raise", ((0.0, 0.0), (1.0, 0.0)), (), (), 1),))
    strong, names = around_guard(width=1.0, strength=5.0), {name for patch in wide() for name in patch.findings}
    standing = Standing(ground_, guard, lenient, 1).after(idle, frozenset())
    told = standing.tried(Repairs((*wide(), strong)), names)
    assert not told.trial.local, "the whole of it acts everywhere, and is let break what is soft"
    assert [reason.split(" in ")[0] for reason in told.trial.reasons if "breaks" in reason] == [
        "beside what acts everywhere it breaks here"
    ]
    hard = Standing(ground(here()), guard, lenient, 1).after(idle, frozenset()).tried(Repairs((*wide(), strong)), names)
    assert [reason.split(" in ")[0] for reason in hard.trial.reasons if "breaks" in reason] == [
        "it breaks here",
        "beside what acts everywhere it breaks here",
    ]
    left = trim([*wide(), strong], standing)
    assert left.trial.passed, left.trial.reasons
    assert strong.id not in {patch.id for patch in left.patches}
    assert [one.broken for one in left.trial.beside] == [0, 0]
    assert Standing(ground_, guard, lenient, 1).tried(Repairs(wide()), names).trial.beside == ()


def aims(section: PatchSection) -> tuple[Aims, Standing]:
    standing = Standing(ground(), planar()[1], section, 1)
    return Aims.of(found(), standing)[0], standing


def test_kernels_that_do_not_hold_are_left_out_and_their_flaws_offered_the_next_space() -> None:
    alone = kernels(*aims(LATENT)).refused
    assert any("does not hold around it" in reason for reason in alone.values())
    both = kernels(*aims(PatchSection(spaces=["latent", "input"])))
    assert both.offer is not None
    assert both.offer.trial.passed
    assert both.offer.trial.mended > len(found()) - len(alone)
    assert {patch.space for patch in both.offer.repairs.patches} >= {"input"}
    named = {name for patch in both.offer.repairs.patches for name in patch.findings}
    assert named == both.offer.claimed
    assert named.isdisjoint(both.refused)


def test_what_cannot_be_trimmed_is_refused_whole_with_the_reasons() -> None:
    guard = planar()[1]
    known = dataclasses.replace(guard, root_rewards=torch.full_like(guard.root_rewards, 1.0))
    left = trim(wide(), Standing(ground(), known, INPUT, 1))
    assert left.patches == ()
    assert not left.trial.passed
    assert set(left.refused) == {one.id for one in found()}
    assert all("known-good inputs lose more" in reason for reason in left.refused.values())


def test_what_mends_more_with_as_many_pieces_is_cheaper() -> None:
    (offer,) = choose(found(), ground(), planar()[1], INPUT, 1).chosen
    assert len(offer.claimed) > 1
    few = dataclasses.replace(offer, claimed=frozenset(sorted(offer.claimed)[:1]))
    assert offer.size == few.size
    assert offer.price < few.price


def test_families_that_are_held_out_of_repair_are_asked_apart() -> None:
    model, _, train = planar()
    material, section = material_of(model, [off_arc()], train), TrialSection()
    every, some = (
        ground_of(model, found(), [off_arc()], material=material, seed=seed("t"), section=section, held_out=held_out)
        for held_out in ((), ("uniform",))
    )
    assert {probe.family for probe in every.fresh.probes} == {"uniform", "boundary"}
    assert {probe.family for probe in some.fresh.probes} == {"boundary"}
    assert {probe.family for probe in some.held_out.probes} == {"uniform"}
    assert not every.held_out.probes
    assert some.doubtful.any()


def test_what_teaches_is_drawn_apart_from_what_tries_and_not_from_what_is_held_out() -> None:
    model, _, train = planar()
    material, section = material_of(model, [off_arc()], train), TrialSection()
    plain, taught = (
        ground_of(
            model,
            found(),
            [off_arc()],
            material=material,
            seed=seed("t"),
            section=section,
            held_out=("boundary",),
            teaching=teaching,
        )
        for teaching in (False, True)
    )
    assert plain.drawn == ()
    assert len(taught.drawn) > 0.5 * len(taught.fresh.probes)
    assert {one.norm for one in taught.drawn} == {off_arc().id}
    around = [one for one in taught.drawn if one.owner]
    assert len(around) > 0.5 * len(taught.around.probes)
    assert {one.owner for one in around} <= set(taught.flaws)
    drawn, *trials = (
        {one.inputs[-1].observations.tobytes() for one in some if isinstance(one.inputs[-1], Trajectory)}
        for some in (
            taught.drawn,
            (*taught.fresh.probes, *taught.around.probes),
            (*plain.fresh.probes, *plain.around.probes),
        )
    )
    assert trials[0] == trials[1], "teaching changes nothing in the trial"
    assert drawn.isdisjoint(trials[0])


def test_what_a_person_rejected_is_not_chosen_again_and_its_flaws_are_refused_for_that() -> None:
    guard, section = planar()[1], PatchSection(spaces=["input"], kinds=["kernels"])
    once = choose(found(), ground(), guard, section, 1)
    assert once.repairs.patches
    again = choose(found(), ground(), guard, section, 1, rejected={once.repairs.patches[0].id})
    assert again.chosen == ()
    assert {one.finding: one.reason for one in again.refused} == {
        one.id: "what would mend it was rejected" for one in found()
    }


def test_what_no_configured_kind_mends_is_refused_and_what_finds_no_room_waits() -> None:
    guard = planar()[1]
    none = choose(found(), ground(), guard, PatchSection(kinds=["projection"]), 1)
    assert {one.reason for one in none.refused} == {"nothing in patch.kinds mends it: train again"}
    assert none.postponed == 0
    few = choose(found(), ground(), guard, PatchSection(spaces=["input"], kinds=["kernels"], max_patches=1), 1)
    assert few.postponed > 0
    assert len(few.refused) + few.postponed + len(few.chosen[0].claimed) == len(found())


@pytest.mark.parametrize(("kinds", "space"), [(["sculpting"], "input"), (["kernels", "sculpting"], "latent")])
def test_what_was_not_asked_again_for_want_of_turns_waits_for_the_next_round(
    kinds: list[RepairKind], space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = PatchSection(kinds=kinds, spaces=[space])
    whole = choose(found(), ground(), planar()[1], section, 1)
    assert len(whole.refused) > whole.postponed == 0
    monkeypatch.setattr(choosing, "CHOSEN", 1)
    short = choose(found(), ground(), planar()[1], section, 1)
    assert short.chosen == whole.chosen[:1]
    assert short.refused == ()
    assert short.postponed == len(found()) - len(short.chosen[0].claimed)


def test_no_policy_is_trained_or_listened_to_for_a_trial() -> None:
    norm = dataclasses.replace(off_arc(), id="also", families=("policy", "observed", "ascent", "far"))
    asked = ground(norm)
    assert {probe.family for probe in asked.fresh.probes} == {"uniform", "boundary", "far"}
    assert not len(ground(norm, held_out=("policy", "observed", "ascent")).held_out.probes), "held out or not"
    assert set(NOT_FRESH) <= set(FAMILIES)


def test_the_same_seed_tries_the_same_questions() -> None:
    first, again = ground(), ground()
    assert first.owners == again.owners
    assert np.array_equal(first.flawed, again.flawed)
    assert [probe.note for probe in first.around.probes] == [probe.note for probe in again.around.probes]
    assert first.around.encoded.z.equal(again.around.encoded.z)


@pytest.mark.parametrize(("findings", "neighbours"), [(3, 2), (1, 5)])
def test_a_trial_asks_no_more_than_it_may(findings: int, neighbours: int) -> None:
    asked = ground(findings=findings, neighbours=neighbours, elsewhere=50)
    assert len(asked.around.probes) == findings * neighbours
    assert len(asked.fresh.probes) <= 50
    assert asked.flaws == tuple(one.id for one in found())
