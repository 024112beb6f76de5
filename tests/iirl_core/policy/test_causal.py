"""A configuration says whether a model is a causal language model, as the model itself does when it is asked."""

from __future__ import annotations

import pytest
from transformers import (
    AutoModelForCausalLM,
    BartConfig,
    BertConfig,
    Gemma3TextConfig,
    LlamaConfig,
    ModernBertConfig,
    PreTrainedConfig,
    RobertaConfig,
    T5Config,
)

from iirl_core.encoder.tokenizer import is_causal
from iirl_core.errors import ConfigError
from iirl_core.policy.causal import check_architectures, check_causal

SMALL = {"vocab_size": 40, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
GEMMA = {**SMALL, "num_key_value_heads": 2, "head_dim": 8, "pad_token_id": 0}
BART = {"vocab_size": 40, "d_model": 32, "decoder_layers": 2, "decoder_attention_heads": 4, "decoder_ffn_dim": 48}


def refused(config: PreTrainedConfig) -> bool:
    try:
        check_causal(config, "tiny")
    except ConfigError:
        return True
    return False


@pytest.mark.parametrize(
    "config",
    [
        LlamaConfig(**SMALL),
        BertConfig(**SMALL),
        BertConfig(**SMALL, is_decoder=True),
        RobertaConfig(**SMALL),
        RobertaConfig(**SMALL, is_decoder=True),
        BartConfig(**BART, pad_token_id=0),
        Gemma3TextConfig(**GEMMA),
        Gemma3TextConfig(**GEMMA, use_bidirectional_attention=True),
    ],
    ids=lambda config: f"{config.model_type} {getattr(config, 'is_decoder', '')}",
)
def test_what_a_configuration_says_is_what_the_model_does(config: PreTrainedConfig) -> None:
    model = AutoModelForCausalLM.from_config(config).eval()
    assert refused(config) != is_causal(model)


@pytest.mark.parametrize(("config", "kind"), [(T5Config(), "t5"), (ModernBertConfig(), "modernbert")])
def test_a_type_without_a_causal_language_model_is_refused(config: PreTrainedConfig, kind: str) -> None:
    with pytest.raises(ConfigError, match=f"tiny: transformers makes no causal language model of a {kind}"):
        check_causal(config, "tiny")


@pytest.mark.parametrize(
    ("architectures", "said"),
    [
        (["LlamaForSequenceClassification"], "LlamaForSequenceClassification"),
        ([], "no architectures"),
        (None, "no arch"),
    ],
)
def test_architectures_of_which_no_engine_makes_a_causal_language_model_are_refused(
    architectures: list[str] | None, said: str
) -> None:
    with pytest.raises(ConfigError, match=f"tiny: config.json says {said}"):
        check_architectures({"architectures": architectures}, "tiny")
    check_architectures({"architectures": ["LlamaForCausalLM"]}, "tiny")
    check_architectures({"architectures": ["GPT2LMHeadModel"]}, "tiny")
