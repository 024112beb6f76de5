from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from iirl_core.audit import Finding, audit_chunk
from iirl_core.config.governance import PatchSection
from iirl_core.demonstration import Input, Trajectory
from iirl_core.errors import InputError
from iirl_core.norm import NormKind
from iirl_core.patch.budget import check_budget
from iirl_core.patch.candidates import inverse_kernel
from iirl_core.patch.kernel import kernel
from iirl_core.patch.patch import SPACES, Space
from iirl_core.patch.propose import Flaws, flaws_of, propose
from iirl_core.probe import material_of
from iirl_core.reward_model import RewardModel
from tests.iirl_core.probe.samples import off_arc, planar, seed, walk


@dataclass(frozen=True, eq=False)
class Known:
    z: Tensor
    root_rewards: Tensor
    known_good: Tensor


def findings(model: RewardModel, count: int = 400, chunk: int = 0) -> tuple[Finding, ...]:
    _, _, train = planar()
    material = material_of(model, [off_arc()], train)
    return audit_chunk(model, [off_arc()], seed("uniform", chunk), count, material).findings


def rewards_of(model: RewardModel, items: list[Input]) -> Tensor:
    with torch.no_grad():
        return model.rewards(model.encoder.encode(items).z)


@pytest.mark.parametrize("spaces", [["input"], ["residual"], ["latent", "residual", "input"]])
def test_every_flaw_is_cleared_or_refused_and_the_budget_holds(spaces: list[Space]) -> None:
    model, guard, _ = planar()
    found = findings(model)
    flaws, _ = flaws_of(model, found, [off_arc()])
    section = PatchSection(spaces=spaces)
    proposal = propose(model, flaws, guard, section, 1)
    repaired = model.with_patches(proposal.patches)
    refused = {refusal.finding for refusal in proposal.refused}
    mended = [finding.offender for finding in found if finding.id not in refused]
    assert len(mended) > 0.5 * len(found)
    assert rewards_of(repaired, mended).max() == 0
    assert check_budget(guard.root_rewards, repaired.rewards(guard.z), section.budget).least_of_all >= 0.95
    assert {patch.space for patch in proposal.patches} <= set(spaces)


def test_kernels_are_far_fewer_than_flaws_and_name_what_they_mend() -> None:
    model, guard, _ = planar()
    found = findings(model)
    flaws, _ = flaws_of(model, found, [off_arc()])
    proposal = propose(model, flaws, guard, PatchSection(spaces=["input"]), 3)
    assert 0 < len(proposal.patches) < len(found) / 4
    named = [name for patch in proposal.patches for name in patch.findings]
    assert len(named) == len(set(named))
    assert set(named) | {refusal.finding for refusal in proposal.refused} == {finding.id for finding in found}
    assert {patch.round for patch in proposal.patches} == {3}


def test_the_repair_reaches_flaws_that_nobody_found_and_spares_walks_that_nobody_showed() -> None:
    model, guard, _ = planar()
    flaws, _ = flaws_of(model, findings(model), [off_arc()])
    repaired = model.with_patches(propose(model, flaws, guard, PatchSection(spaces=["input"]), 1).patches)
    fresh: list[Input] = [finding.offender for finding in findings(model, chunk=1)]
    assert (rewards_of(repaired, fresh) > 0.05).float().mean() < 0.5
    unseen: list[Input] = [walk(number) for number in range(500, 520)]
    assert (rewards_of(repaired, unseen) >= 0.95 * rewards_of(model, unseen)).float().mean() > 0.99


def test_the_same_flaws_give_the_same_patches() -> None:
    model, guard, _ = planar()
    flaws, _ = flaws_of(model, findings(model, 100), [off_arc()])
    first, again = (propose(model, flaws, guard, PatchSection(), 1) for _ in range(2))
    assert first == again


def test_earlier_charges_count_along_the_chain() -> None:
    model, guard, _ = planar()
    flaws, _ = flaws_of(model, findings(model), [off_arc()])
    once = propose(model, flaws, guard, PatchSection(spaces=["input"]), 1).patches
    child = model.with_patches(once)
    more, _ = flaws_of(child, findings(child, 2000, chunk=2), [off_arc()])
    twice = child.with_patches([*once, *propose(child, more, guard, PatchSection(spaces=["input"]), 2).patches])
    assert check_budget(guard.root_rewards, twice.rewards(guard.z), 0.05).least_of_all >= 0.95


@pytest.mark.parametrize("space", SPACES)
def test_a_flaw_on_top_of_a_known_good_input_is_refused(space: Space) -> None:
    model, guard, _ = planar()
    flaws = Flaws(guard.z[:1], ("f-1",), ("off-arc",))
    proposal = propose(model, flaws, guard, PatchSection(spaces=[space]), 1)
    assert proposal.patches == ()
    assert [refusal.finding for refusal in proposal.refused] == ["f-1"]
    assert "collides" in proposal.refused[0].reason


def test_a_flaw_that_collides_in_one_space_is_mended_in_the_next() -> None:
    model, guard, _ = planar()
    flaw = flaws_of(model, findings(model)[:1], [off_arc()])[0].z
    everywhere = torch.cartesian_prod(*[torch.linspace(-2, 2, 300)] * 2)
    (mine, own), (phi, gate) = model.space(flaw, "latent"), model.space(everywhere, "latent")
    # Rows with the flaw's latents in every expert that speaks there, but elsewhere in the plane: one for each.
    twins = []
    for expert in (own[0] >= 0.2).nonzero()[:, 0].tolist():
        apart = (phi[:, expert] - mine[0, expert]).norm(dim=1) + 10 * (gate[:, expert] < 0.3)
        twins.append(apart.where((everywhere - flaw).norm(dim=1) > 0.5, apart + 10).argmin())
    known = Known(guard.z, guard.root_rewards, torch.cat([guard.known_good, everywhere[torch.stack(twins)]]))
    one = Flaws(flaw, ("f-1",), ("off-arc",))
    assert len(propose(model, one, known, PatchSection(spaces=["latent"]), 1).refused) == 1
    (patch,) = propose(model, one, known, PatchSection(spaces=["latent", "input"]), 1).patches
    assert patch.space == "input"
    assert model.with_patches([patch]).rewards(flaw).item() == 0


def test_what_does_not_fit_in_a_round_is_postponed() -> None:
    model, guard, _ = planar()
    flaws, _ = flaws_of(model, findings(model), [off_arc()])
    proposal = propose(model, flaws, guard, PatchSection(max_patches=1), 1)
    assert len(proposal.patches) == 1
    assert proposal.postponed > 0
    assert proposal.refused == ()


def test_invariances_are_sent_to_training_and_floors_left_to_boosts() -> None:
    model, guard, _ = planar()
    found = findings(model, 100)
    equal = dataclasses.replace(off_arc(), kind=NormKind.INVARIANCE, region=None)
    floor = dataclasses.replace(off_arc(), kind=NormKind.FLOOR)
    flaws, refused = flaws_of(model, found, [equal])
    assert len(flaws.z) == 0
    assert len(refused) == len(found)
    assert propose(model, flaws, guard, PatchSection(), 1).patches == ()
    flaws, refused = flaws_of(model, found, [floor])
    assert (len(flaws.z), len(refused)) == (0, 0)


def test_the_offending_step_of_a_trajectory_is_what_is_mended() -> None:
    model, _, _ = planar()
    item = Trajectory([[0.0, 0.0], [1.0, -1.0], [0.5, 0.5]])
    base = findings(model, 100)[0]
    finding = base.__class__(**{**vars(base), "inputs": (item,), "step": 1})
    flaws, _ = flaws_of(model, [base, finding], [off_arc()])
    assert torch.equal(flaws.z[1], model.encoder.encode([item]).z[1])
    assert torch.equal(flaws.z[0], model.encoder.encode([base.offender]).z[0])


def test_a_refusal_is_final_where_no_repair_of_another_kind_could_mend_it() -> None:
    model, _, _ = planar()
    base = findings(model, 100)[0]
    equal = dataclasses.replace(off_arc(), id="equal", kind=NormKind.INVARIANCE, region=None)
    asked = dataclasses.replace(
        off_arc(), id="asked", kind=NormKind.PREDICATE, region=None, predicate=lambda inputs, rewards: 1.0
    )
    made = [dataclasses.replace(base, norm=norm) for norm in ("equal", "asked", "gone")]
    numberless = dataclasses.replace(base, label="numberless", rewards=(math.nan,))
    flaws, refused = flaws_of(model, [base, *made, numberless], [off_arc(), equal, asked])
    assert flaws.findings == (base.id,)
    assert [one.final for one in refused] == [False, True, True, True]


def test_the_kernel_is_inverted() -> None:
    distance = torch.linspace(0, 1, 101, dtype=torch.float64)
    assert torch.allclose(inverse_kernel(kernel(distance))[:95], distance[:95], atol=1e-3)
    assert inverse_kernel(torch.tensor([7.0])).item() == 0


def test_flaws_belong_to_their_findings() -> None:
    with pytest.raises(InputError):
        Flaws(torch.zeros(2, 3), ("f-1",), ("n", "n"))


def test_without_a_known_good_input_every_flaw_is_refused() -> None:
    model, guard, _ = planar()
    flaws, _ = flaws_of(model, findings(model), [off_arc()])
    known = Known(guard.z, torch.full_like(guard.root_rewards, 0.4), guard.known_good)
    proposal = propose(model, flaws, known, PatchSection(), 1)
    assert proposal.patches == ()
    assert [refusal.finding for refusal in proposal.refused] == list(flaws.findings)
    assert "no guard input" in proposal.refused[0].reason
