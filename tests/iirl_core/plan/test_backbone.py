"""Counts are those of the models that transformers builds, to the parameter."""

from __future__ import annotations

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModel

from iirl_core.errors import ConfigError
from iirl_core.plan import backbone_of
from tests.iirl_core.plan.shapes import LLAMA3_8B, LLAMA3_70B, MINILM, QWEN3_06B, tiny


def built(document: dict[str, object]) -> torch.nn.Module:
    """The model, on the meta device: shapes without numbers."""
    rest = {name: value for name, value in document.items() if name != "model_type"}
    with torch.device("meta"):
        model: torch.nn.Module = AutoModel.from_config(AutoConfig.for_model(str(document["model_type"]), **rest))
    return model


def counted(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    "document",
    [
        QWEN3_06B,
        LLAMA3_8B,
        LLAMA3_70B,
        MINILM,
        tiny("roberta"),
        tiny("xlm-roberta"),
        tiny("mistral", head_dim=16),
        tiny("qwen2"),
        tiny("qwen3", head_dim=16, attention_bias=True),
        tiny("llama", attention_bias=True, mlp_bias=True),
    ],
    ids=lambda document: f"{document['model_type']}-{document['hidden_size']}",
)
def test_parameters_are_those_that_transformers_makes(document: dict[str, object]) -> None:
    model = built(document)
    backbone = backbone_of(document)
    assert backbone.parameters == counted(model)
    pooler = getattr(model, "pooler", None)
    assert backbone.unused == (counted(pooler) if pooler is not None else 0)
    layers = getattr(model, "layers", None) or model.encoder.layer
    assert backbone.layer == counted(layers[0])
    assert backbone.embeddings == sum(
        each.weight.numel() for each in model.modules() if isinstance(each, torch.nn.Embedding)
    )


def test_published_sizes_are_what_their_names_say() -> None:
    assert [round(backbone_of(each).parameters / 1e9, 2) for each in (QWEN3_06B, LLAMA3_8B, LLAMA3_70B)] == [
        0.6,
        7.5,  # and 0.5 of a language model's head, which a reward model does not have
        69.5,
    ]


@pytest.mark.parametrize("targets", [("q_proj", "v_proj"), ("self_attn.o_proj", "down_proj"), ("query",), ("dense",)])
def test_adapters_are_those_that_peft_adds(targets: tuple[str, ...]) -> None:
    document = tiny("bert") if {"query", "dense"} & set(targets) else tiny("qwen3", head_dim=16)
    model = built(document)
    if document["model_type"] == "bert":
        del model.pooler  # never trained: nothing of a mean over tokens passes it
    adapted = get_peft_model(model, LoraConfig(r=4, target_modules=list(targets)))
    added = sum(parameter.numel() for parameter in adapted.parameters() if parameter.requires_grad)
    assert backbone_of(document).adapters(4, targets) == added


def test_a_target_that_matches_nothing_is_refused() -> None:
    with pytest.raises(
        ConfigError,
        match=r"targets: no product of llama is named q_porj; expected one of down_proj",
    ):
        backbone_of(LLAMA3_8B).adapters(8, ("q_porj", "v_proj"))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"model_type": "mamba"}, "model_type mamba; expected one of bert"),
        ({}, "model_type None"),
        ({"model_type": "llama", "hidden_size": 8}, "has no intermediate_size"),
        (tiny("llama", hidden_size="8"), "has no hidden_size"),
    ],
)
def test_what_is_not_known_is_refused_rather_than_guessed(document: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        backbone_of(document)
