from __future__ import annotations

import pytest
import torch

from iirl_core.config.expertness import DiscriminatorSection, MixtureSection
from iirl_core.expertness import Latents, build_expertness
from iirl_core.patch.patch import Space
from iirl_core.reward_model import Spaces, whitening

SPACES_ASKED: tuple[Space, ...] = ("latent", "residual", "latent")


def _rows(width: int) -> torch.Tensor:
    return torch.randn(400, width, generator=torch.Generator().manual_seed(0)) * torch.linspace(3, 0.5, width)


def test_the_demonstrations_spread_is_one_in_latent_and_input() -> None:
    torch.manual_seed(0)
    expertness, z = build_expertness(MixtureSection(experts=1, bottleneck=2), 6), _rows(6)
    spaces = Spaces.fit(expertness, z)
    for space in ("latent", "input"):
        phi, _ = spaces.coordinates(expertness, z).of(space)  # type: ignore[arg-type]
        spread = (phi - phi.mean(dim=0)).square().sum(dim=-1).mean().sqrt()
        assert torch.isclose(spread, torch.tensor(1.0), atol=1e-3), space


def test_experts_are_weighted_by_their_gate_in_their_spread() -> None:
    torch.manual_seed(0)
    expertness, z = build_expertness(MixtureSection(experts=3, bottleneck=2), 6), _rows(6)
    phi, gate = Spaces.fit(expertness, z).coordinates(expertness, z).of("latent")
    share = (gate / gate.sum(dim=0)).unsqueeze(-1)
    spread = (share * (phi - (share * phi).sum(dim=0)).square()).sum(dim=(0, 2)).sqrt()
    assert torch.allclose(spread, torch.ones(3), atol=1e-3)


def test_residual_appends_what_the_expert_did_not_explain() -> None:
    torch.manual_seed(0)
    expertness, z = build_expertness(MixtureSection(experts=2, bottleneck=2), 6), _rows(6)
    spaces = Spaces.fit(expertness, z)
    latents = expertness.latents(z)
    assert latents is not None
    assert latents.residual is not None
    phi, _ = spaces.coordinates(expertness, z).of("residual")
    assert phi.shape == (400, 2, 3)
    assert torch.allclose(phi[:, :, 2] * spaces.residual, latents.residual, atol=1e-4)


def test_without_experts_the_residual_is_what_the_bottleneck_leaves() -> None:
    expertness, z = build_expertness(DiscriminatorSection(members=1), 30), _rows(30)
    spaces = Spaces.fit(expertness, z)
    phi, gate = spaces.coordinates(expertness, z).of("residual")
    assert phi.shape == (400, 1, 17)
    assert gate.unique().tolist() == [1.0]
    centred = z - z.mean(dim=0)
    _, _, directions = torch.linalg.svd(centred, full_matrices=False)
    left = centred - centred @ directions[:16].T @ directions[:16]
    assert torch.allclose(phi[:, 0, 16] * spaces.residual, left.norm(dim=1), atol=1e-2)


def test_where_the_bottleneck_explains_everything_the_residual_is_zero() -> None:
    expertness, z = build_expertness(DiscriminatorSection(members=1), 5), _rows(5)
    phi, _ = Spaces.fit(expertness, z).coordinates(expertness, z * 3 + 1).of("residual")
    assert phi[:, :, 5].abs().max() == 0


def test_input_is_injective_where_the_bottleneck_is_not() -> None:
    expertness, z = build_expertness(DiscriminatorSection(members=1), 30), _rows(30)
    spaces = Spaces.fit(expertness, z)
    step = torch.linalg.svd(spaces.bottleneck.matrix.T, full_matrices=True).Vh[-1]  # unseen by the bottleneck
    pair = torch.stack([z[0], z[0] + step])
    latent, _ = spaces.coordinates(expertness, pair).of("latent")
    whole, _ = spaces.coordinates(expertness, pair).of("input")
    assert torch.allclose(latent[0], latent[1], atol=1e-4)
    assert (whole[0] - whole[1]).norm() > 0.1


def test_latents_are_worked_out_once_however_many_spaces_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    expertness, z = build_expertness(MixtureSection(experts=2, bottleneck=2, hidden=8), 6), _rows(6)
    spaces, asked = Spaces.fit(expertness, z), list[int]()
    latents = expertness.latents

    def counted(rows: torch.Tensor) -> Latents | None:
        asked.append(len(rows))
        return latents(rows)

    monkeypatch.setattr(expertness, "latents", counted)
    where = spaces.coordinates(expertness, z)
    where.of("input")
    assert asked == []
    first, _, again = (where.of(space) for space in SPACES_ASKED)
    assert asked == [len(z)]
    assert first is again


@pytest.mark.parametrize("section", [MixtureSection(experts=2, bottleneck=2), DiscriminatorSection()])
def test_many_rows_are_worked_on_in_parts_and_come_to_the_same(
    section: MixtureSection | DiscriminatorSection, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    expertness, z = build_expertness(section, 20), _rows(20)
    whole = Spaces.fit(expertness, z)
    monkeypatch.setattr(whitening, "CHUNK", 7 * 20)
    parts = Spaces.fit(expertness, z)
    for one, other in ((whole.whole, parts.whole), (whole.bottleneck, parts.bottleneck)):
        torch.testing.assert_close(one.mean, other.mean)
        torch.testing.assert_close(one.matrix, other.matrix, atol=1e-5, rtol=1e-4)
    for name in ("latent", "residual", "input"):
        torch.testing.assert_close(getattr(parts, name), getattr(whole, name))
