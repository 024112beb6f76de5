"""Operations are those that torch counts in a real pass; hours follow from them."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoConfig, AutoModel

from iirl_core.config.expertness import MixtureSection
from iirl_core.config.sizes import ASKED_ROWS, BATCH
from iirl_core.expertness.sizing import try_sizes
from iirl_core.plan import backbone_of, forward_flops, hours, search_flops, training_flops
from tests.iirl_core.plan.shapes import LLAMA3_8B, tiny

COUNT, LENGTH = 2, 16


def model_of(document: dict[str, object]) -> torch.nn.Module:
    """Eager attention is two plain products, which torch counts on any device."""
    torch.manual_seed(0)
    rest = {name: value for name, value in document.items() if name != "model_type"}
    config = AutoConfig.for_model(str(document["model_type"]), **rest)
    model: torch.nn.Module = AutoModel.from_config(config, attn_implementation="eager")
    if document["model_type"] == "bert":
        model.pooler = None
    return model


def counted(model: torch.nn.Module, *, backward: bool) -> float:
    """Per token."""
    embedded = torch.randn(COUNT, LENGTH, 32, requires_grad=True)
    with FlopCounterMode(display=False) as counter:
        found = model(inputs_embeds=embedded).last_hidden_state
        if backward:
            found.sum().backward()
    return counter.get_total_flops() / (COUNT * LENGTH)


@pytest.mark.parametrize("kind", ["llama", "qwen3", "bert"])
def test_a_forward_pass_costs_what_torch_counts(kind: str) -> None:
    document = tiny(kind)
    backbone, found = backbone_of(document), counted(model_of(document), backward=False)
    whole = 4 * backbone.layers * LENGTH * backbone.query  # torch counts the half that a causal mask hides, too
    assert found == pytest.approx(2 * backbone.products + whole, rel=0.02)
    assert forward_flops(backbone, LENGTH) == 2 * backbone.products + whole / (2 if backbone.causal else 1)


def test_training_all_costs_three_passes_and_training_adapters_two_and_their_own() -> None:
    document = tiny("bert")
    backbone, model = backbone_of(document), model_of(document)
    assert training_flops(backbone, LENGTH, tuning="full") == pytest.approx(counted(model, backward=True), rel=0.02)
    model.requires_grad_(False)
    alone = counted(model, backward=True)
    assert training_flops(backbone, LENGTH, tuning="lora") == pytest.approx(alone, rel=0.02)
    more = training_flops(backbone, LENGTH, tuning="lora", adapters=100)
    assert more - training_flops(backbone, LENGTH, tuning="lora") == 600


def test_six_operations_for_each_parameter_and_token() -> None:
    backbone = backbone_of(LLAMA3_8B)
    assert training_flops(backbone, 0, tuning="full") == 6 * backbone.products
    assert training_flops(backbone, 0, tuning="frozen") == 2 * backbone.products
    again = training_flops(backbone, 0, tuning="full", checkpointing=True)
    assert again == 8 * backbone.products
    assert backbone.products == pytest.approx(backbone.parameters - backbone.embeddings, rel=1e-4)


def test_hours_are_operations_over_what_a_device_reaches() -> None:
    assert hours(1e15 * 3600, peak=1e15, utilisation=0.5) == pytest.approx(2.0)


def test_choosing_a_mixtures_size_is_counted_with_no_less_than_torch_counts_and_not_much_more() -> None:
    section, width = MixtureSection(experts=2, hidden=8, members=3), 3
    rows = torch.randn(BATCH, width, generator=torch.Generator().manual_seed(0))
    with FlopCounterMode(display=False) as counter:
        try_sizes(section, rows, rows.repeat(ASKED_ROWS // BATCH, 1), seed=0)
    spent = counter.get_total_flops()
    assert spent < search_flops(section, width) < 1.5 * spent
