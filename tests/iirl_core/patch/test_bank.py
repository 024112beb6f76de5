from __future__ import annotations

import dataclasses

import pytest
import torch

from iirl_core.patch import bank as bank_module
from iirl_core.patch import screen as screen_module
from iirl_core.patch.bank import BySpace, PatchBank
from iirl_core.patch.kernel import kernel
from iirl_core.patch.patch import Effect, Patch, Space


def _patch(effect: Effect, space: Space, expert: int, centre: list[float], *, width: float, strength: float) -> Patch:
    return Patch(effect, space, expert, tuple(centre), width, strength, ("f-1",), ("n",), round=1)


def _coordinates(count: int, seed: int = 0) -> BySpace:
    generator = torch.Generator().manual_seed(seed)
    gate = torch.softmax(torch.randn(count, 2, generator=generator), dim=1)
    latent = torch.randn(count, 2, 3, generator=generator), gate
    return {"latent": latent, "input": (torch.randn(count, 1, 4, generator=generator), torch.ones(count, 1))}


def _patches(count: int, seed: int = 1) -> list[Patch]:
    generator = torch.Generator().manual_seed(seed)
    made = []
    for index in range(count):
        space: Space = "latent" if index % 2 else "input"
        centre = torch.randn(3 if space == "latent" else 4, generator=generator).tolist()
        effect: Effect = "boost" if index % 5 == 0 else "suppress"
        expert = index // 2 % 2 if space == "latent" else 0
        made.append(_patch(effect, space, expert, centre, width=1.0 + index % 3, strength=0.1 * (1 + index % 4)))
    return made


def test_effects_are_the_equation_summed_patch_by_patch() -> None:
    coordinates, patches = _coordinates(50), _patches(20)
    effects = PatchBank(patches).effects(coordinates, 50)
    wanted = {"suppress": torch.zeros(50, dtype=torch.float64), "boost": torch.zeros(50, dtype=torch.float64)}
    for patch in patches:
        phi, gate = coordinates[patch.space]
        distance = (phi[:, patch.expert].double() - torch.tensor(patch.centre, dtype=torch.float64)).norm(dim=1)
        wanted[patch.effect] += patch.strength * gate[:, patch.expert] * kernel(distance / patch.width)
    assert wanted["suppress"].max() > 0.1
    assert torch.allclose(effects.suppressed.double(), wanted["suppress"], atol=1e-6)
    assert torch.allclose(effects.boosted.double(), wanted["boost"], atol=1e-6)


def test_a_patch_does_nothing_from_its_width_on() -> None:
    patch = _patch("suppress", "input", 0, [0.0], width=0.5, strength=1.0)
    phi = torch.tensor([[[0.0]], [[0.499]], [[0.5]], [[2.0]]])
    suppressed = PatchBank([patch]).effects({"input": (phi, torch.ones(4, 1))}, 4).suppressed
    assert suppressed[0] == 1
    assert suppressed[1] > 0
    assert suppressed[2:].tolist() == [0.0, 0.0]


def test_disabled_patches_do_nothing() -> None:
    patches = [dataclasses.replace(patch, enabled=False) for patch in _patches(5)]
    bank = PatchBank(patches)
    assert bank.spaces == ()
    assert bank.effects({}, 3).suppressed.tolist() == [0.0] * 3
    assert bank.contributions({}, 3).tolist() == [[0.0] * 5] * 3


@pytest.mark.parametrize("size", [1, 7])
def test_what_else_is_in_the_batch_changes_nothing(size: int) -> None:
    coordinates, bank = _coordinates(64), PatchBank(_patches(40))
    whole = bank.effects(coordinates, 64).suppressed
    for start in range(0, 64, size):
        part = {
            space: (phi[start : start + size], gate[start : start + size]) for space, (phi, gate) in coordinates.items()
        }
        count = len(part["input"][0])
        assert torch.allclose(bank.effects(part, count).suppressed, whole[start : start + size], atol=1e-6, rtol=0)


def test_blocks_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    coordinates, bank = _coordinates(64), PatchBank(_patches(40))
    whole, table = bank.effects(coordinates, 64), bank.contributions(coordinates, 64)
    monkeypatch.setattr(screen_module, "BLOCK", 50)
    assert torch.allclose(bank.effects(coordinates, 64).suppressed, whole.suppressed, atol=1e-7)
    assert torch.allclose(bank.contributions(coordinates, 64), table)


def test_contributions_are_the_effects_patch_by_patch() -> None:
    coordinates, patches = _coordinates(30), _patches(12)
    bank = PatchBank(patches)
    table, effects = bank.contributions(coordinates, 30), bank.effects(coordinates, 30)
    boosts = torch.tensor([patch.effect == "boost" for patch in patches])
    assert torch.allclose(table[:, boosts].sum(dim=1).float(), effects.boosted, atol=1e-6)
    assert torch.allclose(table[:, ~boosts].sum(dim=1).float(), effects.suppressed, atol=1e-6)


def test_effects_are_differentiable_even_at_a_centre() -> None:
    phi = torch.tensor([[[0.0]], [[0.2]]], requires_grad=True)
    bank = PatchBank([_patch("suppress", "input", 0, [0.0], width=1.0, strength=1.0)])
    bank.effects({"input": (phi, torch.ones(2, 1))}, 2).suppressed.sum().backward()  # type: ignore[no-untyped-call]
    assert phi.grad is not None
    assert phi.grad[0].item() == 0
    assert phi.grad[1].item() < 0


@pytest.mark.parametrize("away", [0.0, 1e2, 1e4])
def test_screening_misses_no_pair_however_far_from_the_origin_and_how_narrow(away: float) -> None:
    generator = torch.Generator().manual_seed(3)
    centres = (torch.randn(60, 3, generator=generator, dtype=torch.float64) + away).tolist()
    patches = [
        _patch("suppress", "latent", 0, centre, width=10.0 ** (index % 4 - 2), strength=1.0)
        for index, centre in enumerate(centres)
    ]
    aside = torch.rand(600, 3, generator=generator) - 0.5
    reach = torch.tensor([patch.width for patch in patches]).repeat(10).unsqueeze(1)
    phi = (torch.tensor(centres).repeat(10, 1) + 1.15 * reach * aside).unsqueeze(1)
    found = PatchBank(patches).contributions({"latent": (phi, torch.ones(600, 1))}, 600)
    distance = (phi.double() - torch.tensor(centres, dtype=torch.float64)).norm(dim=2)
    wanted = kernel(distance / torch.tensor([patch.width for patch in patches], dtype=torch.float64))
    assert (wanted > 0).any(dim=1).double().mean() > 0.5
    assert torch.allclose(found, wanted, atol=1e-12, rtol=0)


def test_crowded_and_sparse_blocks_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    coordinates, bank = _coordinates(64), PatchBank(_patches(40))
    said = []
    for share, gathered in ((0.0, 50), (2.0, 50), (2.0, 2**22)):
        monkeypatch.setattr(bank_module, "CROWDED", share)
        monkeypatch.setattr(bank_module, "GATHERED", gathered)
        said.append(bank.contributions(coordinates, 64))
    assert said[0].max() > 0.1
    assert torch.allclose(said[0], said[1], atol=1e-12)
    assert torch.equal(said[1], said[2])


def test_a_row_that_is_no_number_is_not_passed_over() -> None:
    bank = PatchBank([_patch("suppress", "input", 0, [0.0], width=1.0, strength=1.0)])
    phi = torch.tensor([[[float("nan")]], [[float("inf")]], [[0.0]]])
    suppressed = bank.effects({"input": (phi, torch.ones(3, 1))}, 3).suppressed
    assert suppressed.isnan()[0]
    assert suppressed[1:].nan_to_num(0.0).tolist() == [0.0, 1.0]
