"""Configurations that transformers 4 reads as transformers 5 wrote them."""

from __future__ import annotations

from iirl_core.classifier.older import model_for_older, tokenizer_for_older


def test_rotary_positions_are_said_in_both_ways() -> None:
    scaled = {"rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0}
    assert model_for_older({"rope_parameters": scaled}) == {
        "rope_parameters": scaled,
        "rope_theta": 5e5,
        "rope_scaling": {"rope_type": "llama3", "factor": 8.0},
    }
    for plain in ({"rope_type": "default", "rope_theta": 1e6}, {"rope_theta": 1e6}):
        assert model_for_older({"rope_parameters": plain})["rope_scaling"] is None
    partial = {"rope_type": "default", "rope_theta": 1e6, "partial_rotary_factor": 0.4}
    assert model_for_older({"rope_parameters": partial})["partial_rotary_factor"] == 0.4


def test_a_model_without_them_or_with_several_stays_as_it_is() -> None:
    each = {"rope_parameters": {"full_attention": {"rope_theta": 1e6}, "sliding_attention": {"rope_theta": 1e4}}}
    for document in ({"model_type": "bert"}, each):
        assert model_for_older(document) == document


def test_a_tokenizer_is_of_a_class_that_both_know_and_says_nothing_that_one_does_not() -> None:
    said = {"tokenizer_class": "TokenizersBackend", "backend": "tokenizers", "extra_special_tokens": ["<|x|>"]}
    assert tokenizer_for_older({**said, "eos_token": "</s>"}) == {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "</s>",
    }
