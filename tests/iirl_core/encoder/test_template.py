"""A chat template must write the last answer, whatever stands before it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from iirl_core.encoder.rendering import PLAIN_TEMPLATE, Rendering
from iirl_core.encoder.template import check_template
from iirl_core.errors import ConfigError
from tests.iirl_core.encoder.tiny import CHAT, tokenizer_of

TURN = "{{ m['role'] }}: {{ m['content'] }}\n"
TURNS = f"{{% for m in messages %}}{TURN}{{% endfor %}}"


def turns_if(condition: str) -> str:
    return f"{{% for m in messages %}}{{% if {condition} %}}{TURN}{{% endif %}}{{% endfor %}}"


def check(template: str, *, questions: bool = False) -> None:
    check_template(Rendering(tokenizer_of("llama"), template, 64), "the model", questions=questions)


@pytest.mark.parametrize(
    ("template", "dropped"),
    [
        ("{{ messages[0]['content'] }}", "the answer of a conversation (user, assistant)"),
        (
            turns_if("not (messages[0]['role'] == 'system' and m['role'] == 'assistant')"),
            "the answer of a conversation (system, user, assistant)",
        ),
        (turns_if("loop.index <= 2"), "the answer of a conversation (system, user, assistant)"),
        (
            turns_if("loop.index <= 2 or messages[0]['role'] == 'system'"),
            "the answer of a conversation (user, assistant, user, assistant)",
        ),
        (
            turns_if("loop.index <= 4"),
            "the answer of a conversation (system, user, assistant, user, assistant, user, a",
        ),
        (
            TURNS.replace("m['content']", "m['content'][:12]"),
            "a part of the answer of a conversation (user, assistant)",
        ),
        (TURNS.replace("m['content']", "m['content'][-12:]"), "a part of the answer of a conversation (user, assist"),
    ],
)
def test_one_that_drops_the_last_answer_somewhere_is_refused(template: str, dropped: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check(template)
    assert f"the model: the chat template drops {dropped}" in str(refused.value)
    assert "Set chat_template beside it" in str(refused.value)


def test_one_that_drops_a_later_question_asks_a_language_model_nothing() -> None:
    later = turns_if("m['role'] != 'user' or loop.index <= 2")
    check(later)
    with pytest.raises(ConfigError, match=r"drops the question of a conversation \(user, assistant, user, assistant\)"):
        check(later, questions=True)
    with pytest.raises(ConfigError, match="drops a part of the question"):
        check("{{ messages[-2]['content'][:3] ~ messages[-1]['content'] }}", questions=True)


@pytest.mark.parametrize(
    "refuses",
    [
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}",
        "{% if messages | length > 2 %}{{ raise_exception('one question') }}{% endif %}",
    ],
)
def test_one_may_refuse_a_systems_turn_or_more_than_one_question(refuses: str) -> None:
    check(refuses + TURNS, questions=True)
    with pytest.raises(ConfigError, match="drops the answer"):
        check(refuses + "{{ messages[0]['content'] }}")


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{% if messages[0]['role'] != 'system' %}{{ raise_exception('no system') }}{% endif %}" + TURNS, "no system"),
        ("{{ messages[0]['content']['text'] + messages[1]['content'] }}", "has no attribute 'text'"),
        ("{% for m in messages %}{{ m['content'] + 1 }}{% endfor %}", "can only concatenate str"),
        ("{% for m in messages %}{{ m['content'] }}", "Unexpected end of template"),
    ],
)
def test_one_that_refuses_or_breaks_on_a_question_and_its_answer_is_refused_in_one_line(
    template: str, why: str
) -> None:
    with pytest.raises(
        ConfigError, match=rf"the model: the chat template refuses a question and its answer.*{why}"
    ) as no:
        check(template)
    assert "\n" not in str(no.value)


def test_one_may_drop_what_was_said_or_thought_before() -> None:
    check("{{ messages[-1]['content'] }}")
    check("{% for m in messages[-2:] %}{{ m['content'] }}{% endfor %}", questions=True)
    check("{% for m in messages %}{{ m['content'].split('</think>')[-1] }}{% endfor %}", questions=True)


@pytest.mark.parametrize("template", [PLAIN_TEMPLATE, CHAT])
def test_our_own_is_taken(template: str) -> None:
    check(template, questions=True)


PUBLISHED = [
    "cohere",
    "deepseek_r1_distill",
    "deepseekv3",
    "gemma",
    "gemma3",
    "glm4moe",
    "gptoss",
    "llama3",
    "llama3_2",
]
PUBLISHED += ["phi3", "qwen2_5", "qwen3", "qwen3_instruct_2507"]


def published(name: str) -> str:
    """As TRL has it."""
    spec = importlib.util.find_spec("trl")
    if spec is None or spec.origin is None:
        pytest.skip("the extra bench is not installed")
    file = Path(spec.origin).parent / "chat_templates" / f"{name}.jinja"
    if not file.exists():
        pytest.skip("another version of trl")
    return file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PUBLISHED)
def test_those_of_published_models_are_taken(name: str) -> None:
    check(published(name), questions=True)
