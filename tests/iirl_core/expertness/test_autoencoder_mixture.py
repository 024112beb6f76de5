from __future__ import annotations

import pytest
import torch

from iirl_core.config.expertness import MixtureSection
from iirl_core.expertness import Batch, Expertness, build_expertness


def _built(members: int = 3, seed: int = 0) -> Expertness:
    torch.manual_seed(seed)
    return build_expertness(MixtureSection(experts=4, bottleneck=2, hidden=8, members=members), 5)


def _batch(z: torch.Tensor, **changes: torch.Tensor) -> Batch:
    whole = {"z": z, "expert": torch.ones(len(z)), "weight": torch.ones(len(z)), "row": torch.arange(len(z))}
    return Batch(**{**whole, **changes})


def test_the_signal_is_the_negative_error_of_the_gated_sum_of_reconstructions() -> None:
    module, z = _built(members=1), torch.randn(6, 5)
    latents = module.latents(z)
    assert latents is not None
    state = {name: tensor[0] for name, tensor in module.state_dict().items()}
    mixed = torch.zeros(6, 5)
    for expert in range(4):
        hidden = torch.tanh(latents.phi[:, expert] @ state["decode_1"][expert] + state["decode_bias_1"][expert])
        part = hidden @ state["decode_2"][expert] + state["decode_bias_2"][expert]
        assert torch.allclose((part - z).norm(dim=1), latents.residual[:, expert], atol=1e-5)  # type: ignore[index]
        mixed += latents.gate[:, [expert]] * part
    assert torch.allclose(module.signals(z)[0], -(mixed - z).square().mean(dim=1), atol=1e-5)


def test_shapes_and_gates_hold() -> None:
    module, z = _built(), torch.randn(6, 5)
    latents = module.latents(z)
    assert latents is not None
    assert latents.residual is not None
    assert module.signals(z).shape == (3, 6)
    assert module.members == 3
    assert latents.phi.shape == (6, 4, 2)
    assert latents.residual.shape == latents.gate.shape == (6, 4)
    assert torch.allclose(latents.gate.sum(dim=1), torch.ones(6))


def test_training_separates_the_demonstrations_from_the_rest() -> None:
    module = _built()
    along = torch.rand(512, 1) * 2 - 1
    z = torch.cat([along, along**2, -along, along.sin(), along.cos()], dim=1)
    optimiser = torch.optim.Adam(module.parameters(), 0.01)
    first = module.loss(_batch(z)).item()
    for _ in range(200):
        optimiser.zero_grad()
        module.loss(_batch(z)).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert module.loss(_batch(z)).item() < first / 10
    elsewhere = module.signals(torch.rand(512, 5) * 4 - 2).mean(dim=0)
    assert module.signals(z).mean(dim=0).quantile(0.05) > elsewhere.quantile(0.9)


def test_negatives_and_rows_without_weight_teach_nothing() -> None:
    module, z = _built(members=1), torch.randn(8, 5)
    keep = torch.tensor([1.0] * 5 + [0.0] * 3)
    alone = module.loss(_batch(z[:5]))
    assert torch.allclose(module.loss(_batch(z, expert=keep)), alone, atol=1e-6)
    assert torch.allclose(module.loss(_batch(z, weight=keep)), alone, atol=1e-6)


def test_a_batch_without_any_weight_gives_a_finite_loss() -> None:
    z = torch.randn(4, 5)
    assert torch.isfinite(_built().loss(_batch(z, weight=torch.zeros(4))))


@pytest.mark.parametrize("size", [1, 3, 32])
def test_a_row_scores_the_same_in_any_batch(size: int) -> None:
    module, z = _built(), torch.randn(32, 5)
    parts = torch.cat([module.signals(part) for part in torch.split(z, size)], dim=1)
    assert torch.allclose(parts, module.signals(z), atol=1e-5)


def test_construction_follows_the_seed() -> None:
    z = torch.randn(4, 5)
    assert torch.equal(_built(seed=1).signals(z), _built(seed=1).signals(z))
    assert not torch.equal(_built(seed=1).signals(z), _built(seed=2).signals(z))
