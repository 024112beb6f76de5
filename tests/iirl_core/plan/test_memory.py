"""Bytes are those of a real model that takes a real step, and of the papers' own examples."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoConfig, AutoModel

from iirl_core.plan import Memory, activations, backbone_of, states
from iirl_core.plan.memory import Precision, Stage
from tests.iirl_core.plan.shapes import LLAMA3_8B, tiny

TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def built(document: dict[str, object], precision: Precision) -> torch.nn.Module:
    torch.manual_seed(0)
    rest = {name: value for name, value in document.items() if name != "model_type"}
    rest |= {"attention_dropout": 0.0, "attention_probs_dropout_prob": 0.0, "hidden_dropout_prob": 0.0}
    config = AutoConfig.for_model(str(document["model_type"]), **rest, use_cache=False)
    model: torch.nn.Module = AutoModel.from_config(config, attn_implementation="sdpa")
    return model.to(TYPES[precision]).train()


def kept(model: torch.nn.Module, count: int, length: int) -> int:
    """Bytes that the forward pass keeps for the backward pass, each storage once, parameters and buffers not."""
    ours = {each.untyped_storage().data_ptr() for each in (*model.parameters(), *model.buffers())}
    found: dict[int, int] = {}
    alive = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in ours:
            alive.append(tensor)
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(input_ids=torch.randint(1, 90, (count, length))).last_hidden_state.sum()
    return sum(found.values())


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("kind", ["llama", "qwen2", "bert"])
def test_a_layer_keeps_what_the_formula_says(kind: str, precision: Precision) -> None:
    document = tiny(kind, hidden_size=64, intermediate_size=192)
    deep, shallow = (kept(built({**document, "num_hidden_layers": count}, precision), 2, 48) for count in (5, 2))
    planned = activations(
        backbone_of({**document, "num_hidden_layers": 3}), 2 * 48, precision=precision, checkpointing=False
    )
    assert planned == pytest.approx(deep - shallow, rel=0.03)


def test_checkpointing_keeps_each_layer_s_input_and_one_layer() -> None:
    document = tiny("llama", hidden_size=64, intermediate_size=192)
    models = [built({**document, "num_hidden_layers": count}, "fp32") for count in (5, 2)]
    for model in models:
        model.gradient_checkpointing_enable()  # type: ignore[operator]
    deep, shallow = (kept(model, 2, 48) for model in models)
    planned = [
        activations(backbone_of({**document, "num_hidden_layers": count}), 2 * 48, precision="fp32", checkpointing=True)
        for count in (5, 2)
    ]
    assert planned[0] - planned[1] == pytest.approx(deep - shallow, rel=0.03)
    assert planned[0] < 0.4 * activations(
        backbone_of({**document, "num_hidden_layers": 5}), 2 * 48, precision="fp32", checkpointing=False
    )


def test_a_layer_of_korthikanti_s_keeps_their_34_bytes_less_the_dropout_s_two() -> None:
    backbone = backbone_of(tiny("bert", hidden_size=64, intermediate_size=256, num_hidden_layers=1))
    bytes_ = activations(backbone, 1, precision="bf16", checkpointing=False) - 4 * backbone.heads
    assert bytes_ == (34 - 2) * 64


@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_the_states_of_7_5_billion_parameters_on_64_devices_are_the_paper_s(stage: Stage) -> None:
    """ZeRO, figure 1, in 10⁹ bytes."""
    found = states(7_500_000_000, 0, precision="bf16", stage=stage, devices=64)
    assert found.device / 1e9 == pytest.approx([120, 31.4, 16.6, 1.9][stage], abs=0.05)


def test_one_step_of_adamw_leaves_as_many_bytes() -> None:
    model = built(tiny("llama"), "fp32")
    model(input_ids=torch.randint(1, 90, (2, 8))).last_hidden_state.sum().backward()
    optimiser = torch.optim.AdamW(model.parameters())
    optimiser.step()
    count = sum(parameter.numel() for parameter in model.parameters())
    found = states(count, 0, precision="fp32", stage=0, devices=1)
    assert found.weights == sum(each.nbytes for each in model.parameters())
    assert found.gradients == sum(each.grad.nbytes for each in model.parameters() if each.grad is not None)
    moments = [value for state in optimiser.state.values() for name, value in state.items() if name != "step"]
    assert found.optimiser == sum(each.nbytes for each in moments)


def test_what_is_frozen_costs_its_weights_alone() -> None:
    found = states(10, 1000, precision="bf16", stage=0, devices=4)
    assert found == Memory(weights=2020, gradients=20, optimiser=120)
    assert states(10, 1000, precision="bf16", stage=3, devices=4).weights == 505


def test_offloading_moves_bytes_and_loses_none() -> None:
    for stage in (1, 2, 3):
        here = states(1000, 0, precision="bf16", stage=stage, devices=4)
        there = states(1000, 0, precision="bf16", stage=stage, devices=4, offload="cpu")
        assert there.device + there.host == pytest.approx(here.device)
        assert there.optimiser == 0
        assert there.gradients == (2000 if stage == 1 else 0)


def test_weights_on_the_host_leave_the_layer_in_use_on_the_device() -> None:
    here = states(1000, 0, precision="bf16", stage=3, devices=4, gathered=100)
    there = states(1000, 0, precision="bf16", stage=3, devices=4, gathered=100, offload="weights")
    assert there.device == there.weights == 200
    assert there.host + there.device == pytest.approx(here.device)
    alone = states(1000, 0, precision="bf16", stage=3, devices=1, gathered=100, offload="weights")
    assert alone.device == 200


def test_at_stage_3_the_layer_in_use_is_whole() -> None:
    shape = backbone_of(LLAMA3_8B)
    found = states(shape.parameters, 0, precision="bf16", stage=3, devices=8, gathered=shape.layer)
    alone = states(shape.parameters, 0, precision="bf16", stage=3, devices=1, gathered=shape.layer)
    assert found.weights == pytest.approx(2 * shape.parameters / 8 + 2 * shape.layer)
    assert alone.weights == 2 * shape.parameters
