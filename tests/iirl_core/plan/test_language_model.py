"""What reading texts by a causal language model takes is what torch builds and counts."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoConfig, AutoModelForCausalLM

from iirl_core.errors import ConfigError
from iirl_core.plan import language_model_of, reading_bytes, reading_flops
from iirl_core.plan.published import PUBLISHED
from tests.iirl_core.plan.shapes import tiny

LENGTH = 16


def model_of(document: dict[str, object]) -> torch.nn.Module:
    torch.manual_seed(0)
    rest = {name: value for name, value in document.items() if name != "model_type"}
    config = AutoConfig.for_model(str(document["model_type"]), **rest)
    model: torch.nn.Module = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    return model


@pytest.mark.parametrize("kind", ["llama", "mistral", "qwen2", "qwen3"])
@pytest.mark.parametrize("told", [{}, {"tie_word_embeddings": True}, {"tie_word_embeddings": False}])
def test_parameters_are_those_of_the_model_whose_logits_may_share_the_embeddings(
    kind: str, told: dict[str, object]
) -> None:
    document = tiny(kind, **told)
    assert language_model_of(document).parameters == sum(each.numel() for each in model_of(document).parameters())


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("Qwen/Qwen3-0.6B", 596_049_920), ("meta-llama/Meta-Llama-3-8B", 8_030_261_248)],
)
def test_published_ones_have_the_published_parameters(name: str, parameters: int) -> None:
    assert language_model_of(PUBLISHED[name]).parameters == parameters


def test_reading_costs_what_torch_counts_logits_included() -> None:
    document = tiny("llama")
    model, module = language_model_of(document), model_of(document)
    with FlopCounterMode(display=False) as counter:
        module(input_ids=torch.arange(LENGTH).unsqueeze(0))
    hidden = 2 * model.backbone.layers * LENGTH * model.backbone.query  # torch counts what a causal mask hides, too
    assert reading_flops(model, LENGTH) + hidden == pytest.approx(counter.get_total_flops() / LENGTH, rel=0.02)


def test_of_many_tokens_the_logits_and_their_logarithms_take_the_most_memory() -> None:
    assert reading_bytes(language_model_of(PUBLISHED["Qwen/Qwen3-0.6B"]), 512) == 2 * 4 * 512 * 151_936


def test_what_reads_both_ways_is_no_language_model() -> None:
    with pytest.raises(ConfigError, match="a language model of model_type bert; expected one of llama"):
        language_model_of(tiny("bert"))
