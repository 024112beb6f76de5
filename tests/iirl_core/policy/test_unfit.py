"""Tokenizers and templates that do not fit a policy are refused wherever one is opened: to imitate with, to sample
from, to be compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from iirl_core.config.imitation import ImitateSection
from iirl_core.encoder.ratio import LanguageModel
from iirl_core.errors import ConfigError
from iirl_core.policy.imitation import load_initial
from iirl_core.policy.noise import Draw
from iirl_core.policy.sampling import Reader, Sampler
from tests.iirl_core.encoder.tiny import config_of, tokenizer_of
from tests.iirl_core.policy.tiny import tiny_policy

Door = Callable[[Path], object]
DOORS: dict[str, Door] = {
    "imitate.model 'tiny'": lambda folder: load_initial(ImitateSection(model="tiny", max_tokens=64), folder),
    "sample.model 'tiny'": lambda folder: Reader(folder, None, "sample.model 'tiny'"),
    "expertness.sft 'tiny'": lambda folder: LanguageModel.loaded(
        folder, max_tokens=64, policy="", name="expertness.sft 'tiny'"
    ),
}
DROPS_THE_ANSWER = "{{ messages[0]['content'] }}"
DROPS_THE_QUESTION = "{{ messages[-1]['content'] }}"


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest) -> tuple[str, Door]:
    return request.param, DOORS[request.param]


def say(folder: Path, **changes: object) -> None:
    """In the model's configuration."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, **changes}), encoding="utf-8")


@pytest.mark.parametrize(("template", "what"), [(DROPS_THE_ANSWER, "answer"), (DROPS_THE_QUESTION, "question")])
def test_a_template_that_drops_a_turn(door: tuple[str, Door], template: str, what: str, tmp_path: Path) -> None:
    name, opened = door
    folder = Path(tiny_policy("llama", tmp_path))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    with pytest.raises(ConfigError, match=f"{name}: the chat template drops the {what}"):
        opened(folder)


def test_a_template_of_the_configurations_own_that_drops_the_answer(tmp_path: Path) -> None:
    folder = Path(tiny_policy("llama", tmp_path))
    section = ImitateSection(model="tiny", max_tokens=64, chat_template=DROPS_THE_ANSWER)
    with pytest.raises(ConfigError, match=r"drops the answer.*Set chat_template beside it"):
        load_initial(section, folder)
    with pytest.raises(ConfigError, match=r"drops the answer.*Set chat_template beside it"):
        Reader(folder, DROPS_THE_ANSWER, "tiny")


@pytest.mark.parametrize("role", ["bos", "eos"])
def test_a_model_that_begins_or_ends_texts_by_a_letter(door: tuple[str, Door], role: str, tmp_path: Path) -> None:
    name, opened = door
    folder = Path(tiny_policy("llama", tmp_path))
    say(folder, **{f"{role}_token_id": 50})
    with pytest.raises(ConfigError, match=f"{name}: the model's {role} token is 50, which to its tokenizer is '.'"):
        opened(folder)


def test_one_that_ends_by_others_of_its_tokenizers_special_tokens_is_taken(
    door: tuple[str, Door], tmp_path: Path
) -> None:
    folder = Path(tiny_policy("qwen2", tmp_path))  # whose tokenizer ends by 2
    say(folder, eos_token_id=[0, 1])
    door[1](folder)


@pytest.mark.parametrize("decoder", [False, True])
def test_a_model_whose_tokens_see_what_follows_them_is_none_unless_it_is_made_a_decoder(
    decoder: bool, tmp_path: Path
) -> None:
    model = AutoModelForCausalLM.from_config(config_of("bert", len(tokenizer_of("bert"))))
    model.config.is_decoder = decoder
    model.save_pretrained(tmp_path)
    tokenizer = tokenizer_of("bert")
    tokenizer.eos_token = "[SEP]"
    tokenizer.save_pretrained(tmp_path)
    for name in ("imitate.model 'tiny'", "expertness.sft 'tiny'"):
        if decoder:
            DOORS[name](tmp_path)
            continue
        with pytest.raises(ConfigError, match=r"BertLMHeadModel as it lies there sees what follows a token"):
            DOORS[name](tmp_path)
        with pytest.raises(ConfigError, match=r"tiny: a token of a bert that is configured so sees what follows it"):
            Reader(tmp_path, None, "tiny")  # which reads no weights
        say(tmp_path, is_decoder=True)
        reader = Reader(tmp_path, None, "tiny")
        say(tmp_path, is_decoder=False)
        with pytest.raises(ConfigError, match=r"BertLMHeadModel as it lies there sees what follows a token"):
            Sampler(tmp_path, reader, Draw(1.0, 1.0), max_new_tokens=4, batch=2)


def test_a_tokenizer_with_more_tokens_than_the_model(door: tuple[str, Door], tmp_path: Path) -> None:
    folder = Path(tiny_policy("llama", tmp_path))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens([f"<{number}>" for number in range(9)])
    tokenizer.save_pretrained(folder)
    with pytest.raises(ConfigError, match="its tokenizer knows 268 tokens, the model 259"):
        door[1](folder)


def test_a_tokenizer_with_far_fewer_tokens_than_the_model(door: tuple[str, Door], tmp_path: Path) -> None:
    AutoModelForCausalLM.from_config(config_of("llama", 5000)).save_pretrained(tmp_path)
    tokenizer_of("llama").save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match="its tokenizer knows 259 tokens, the model 5000"):
        door[1](tmp_path)
