"""Models, tokenizers and templates that do not fit together are refused before anything is encoded or trained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from transformers import AutoModel, PreTrainedTokenizerFast

from iirl_core.config.encoding import TextEncoderSection
from iirl_core.encoder import fit_encoder
from iirl_core.errors import ConfigError
from tests.iirl_core.encoder.tiny import Kind, config_of, tiny, tokenizer_of


def fit(model: str, **section: object) -> None:
    fit_encoder(TextEncoderSection.model_validate({"model": model, "max_tokens": 64, **section}), [])


def say(folder: Path, **changes: object) -> None:
    """In the model's configuration."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, **changes}), encoding="utf-8")


def test_a_tokenizer_with_more_tokens_than_the_model(tmp_path: Path) -> None:
    model = tiny("bert", tmp_path)
    tokenizer = tokenizer_of("bert")
    tokenizer.add_tokens([f"new{n}" for n in range(5)])
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match="tokenizer knows 265 tokens, the model 260"):
        fit(model)


def test_a_model_without_its_tokenizers_files_is_refused_for_it_would_read_no_word(tmp_path: Path) -> None:
    model = tiny("bert", tmp_path)
    for file in tmp_path.glob("*token*"):
        file.unlink()
    with pytest.raises(ConfigError, match=r"every letter is the same.*vocab\.txt\) beside the model") as refused:
        fit(model)
    assert "\n" not in str(refused.value)


def with_tokenizer(kind: Kind, tokenizer: PreTrainedTokenizerFast, folder: Path) -> str:
    """A model of that kind beside a tokenizer of another."""
    model = tiny(kind, folder)
    tokenizer.save_pretrained(folder)
    return model


def test_a_foreign_tokenizer_of_the_same_size(tmp_path: Path) -> None:
    model = with_tokenizer("roberta", tokenizer_of("bert"), tmp_path)
    with pytest.raises(ConfigError, match=r"pad token is 1, which to its tokenizer is '\[UNK\]' \(pad: 0\)"):
        fit(model)


def test_a_tokenizer_with_far_fewer_tokens_than_the_model_which_may_be_padded(tmp_path: Path) -> None:
    tokenizer = tokenizer_of("bert")
    for rows in (260 + 1024, 260 + 1025):
        AutoModel.from_config(config_of("bert", rows)).save_pretrained(tmp_path)
        tokenizer.save_pretrained(tmp_path)
        if rows == 260 + 1024:
            fit(str(tmp_path))
    with pytest.raises(ConfigError, match="tokenizer knows 260 tokens, the model 1285"):
        fit(str(tmp_path))


def test_a_model_that_begins_texts_by_another_token(tmp_path: Path) -> None:
    model = tiny("llama", tmp_path)
    say(tmp_path, bos_token_id=50)  # a letter
    with pytest.raises(ConfigError, match=r"bos token is 50, which to its tokenizer is '.' \(bos: 1\)"):
        fit(model)


def test_a_causal_model_may_begin_by_another_of_its_special_tokens(tmp_path: Path) -> None:
    tokenizer = tokenizer_of("llama")
    tokenizer.add_special_tokens({"extra_special_tokens": ["<unk>"]})
    model = with_tokenizer("llama", tokenizer, tmp_path)
    say(tmp_path, bos_token_id=0)
    fit(model)


def test_what_reads_both_ways_begins_by_its_own_token(tmp_path: Path) -> None:
    model = tiny("roberta", tmp_path)
    say(tmp_path, bos_token_id=3)
    with pytest.raises(ConfigError, match="bos token is 3"):
        fit(model)


def test_a_causal_model_may_end_by_another_of_its_special_tokens_but_by_no_other(tmp_path: Path) -> None:
    tokenizer = tokenizer_of("qwen2")
    tokenizer.add_special_tokens({"extra_special_tokens": ["<|start|>", "<|end|>"]})
    tokenizer.eos_token = "<|endoftext|>"
    fit(with_tokenizer("qwen2", tokenizer, tmp_path / "chat"))
    model = tiny("qwen2", tmp_path / "other")
    say(tmp_path / "other", eos_token_id=[50, 0])
    with pytest.raises(ConfigError, match=r"eos token is 0, which to its tokenizer is '<\|endoftext\|>' \(eos: 2\)"):
        fit(model)


@pytest.mark.parametrize(
    "template",
    ["{{ messages[0]['content'] }}", "{% for m in messages if m['role'] == 'user' %}{{ m['content'] }}{% endfor %}"],
)
def test_a_template_that_drops_the_answer(template: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="drops the answer"):
        fit(tiny("bert", tmp_path), chat_template=template)


def test_a_template_that_refuses_a_question_and_its_answer(tmp_path: Path) -> None:
    asks = "{% if messages[0]['role'] != 'system' %}{{ raise_exception('no system') }}{% endif %}{{ messages }}"
    with pytest.raises(ConfigError, match=r"encoder\.model .* refuses a question and its answer \(no system\)"):
        fit(tiny("bert", tmp_path), chat_template=asks)


def test_weights_of_another_shape(tmp_path: Path) -> None:
    model = tiny("bert", tmp_path)
    say(tmp_path, intermediate_size=40)
    with pytest.raises(ConfigError, match=r"another model's: encoder\.layer\.0\.inter"):
        fit(model)


def test_weights_that_are_not_there(tmp_path: Path) -> None:
    model = tiny("bert", tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    left = {name: value for name, value in weights.items() if "layer.1." not in name}
    save_file(left, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(ConfigError, match=r"another model's: encoder\.layer\.1"):
        fit(model)


def test_a_model_without_a_pooler_is_whole(tmp_path: Path) -> None:
    model = tiny("bert", tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    left = {name: value for name, value in weights.items() if not name.startswith("pooler.")}
    save_file(left, tmp_path / "model.safetensors", {"format": "pt"})
    fit(model)
