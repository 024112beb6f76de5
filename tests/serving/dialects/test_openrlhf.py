from __future__ import annotations

import json

import pytest

from iirl_core.demonstration import conversation
from iirl_core.reading import Action
from serving.dialects.openrlhf import answer, parse
from serving.problem import Problem
from tests.serving.scores import SERVED, score

PROMPT = "<|im_start|>user\nOpen?<|im_end|>\n<|im_start|>assistant\n"


def body(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def refusal(data: bytes, query: dict[str, str] | None = None) -> Problem:
    with pytest.raises(Problem) as caught:
        parse(data, query or {}, 4)
    return caught.value


def test_what_a_trainer_sends_is_parsed_back_into_messages() -> None:
    data = body(query=[PROMPT + "Until six.<|im_end|>\n<|endoftext|>"], prompts=[PROMPT], labels=[None])
    assert parse(data, {}, 4).inputs == (conversation("Open?", "Until six."),)


def test_the_template_alone_is_enough_and_so_is_the_prompt_alone() -> None:
    templated = parse(body(query=[PROMPT + "Until six.<|im_end|>"]), {}, 4)
    plain = parse(body(query=["Open? Until six."], prompts=["Open?"]), {}, 4)
    assert templated.inputs == plain.inputs == (conversation("Open?", "Until six."),)


def test_the_second_of_several_urls_gets_empty_lists_and_so_does_its_client() -> None:
    asked = parse(body(query=[], prompts=[], labels=[]), {}, 4)
    assert asked.inputs == ()
    assert json.loads(answer(SERVED, []).model_dump_json())["rewards"] == []


def test_keys_that_we_do_not_know_are_ignored_and_labels_may_be_anything() -> None:
    data = body(query=[PROMPT + "Six."], labels=[{"gold": [1, "x"]}], images=None)
    assert len(parse(data, {}, 4).inputs) == 1


def test_the_url_may_ask_for_truncation_and_name_the_model() -> None:
    asked = parse(body(query=[]), {"truncate": "allow", "model": "portal@production"}, 4)
    assert (asked.truncate, asked.model) == ("allow", "portal@production")
    assert parse(body(query=[]), {}, 4).truncate == "error"
    assert refusal(body(query=[]), {"truncate": "left"}).status == 422


def test_a_query_that_nobody_can_read_is_named() -> None:
    problem = refusal(body(query=[PROMPT + "Six.", "what is this"], prompts=[PROMPT, "something else"]))
    assert (problem.status, problem.code) == (422, "invalid_item")
    assert [detail.where for detail in problem.details] == ["query.1"]


@pytest.mark.parametrize(
    "data", [body(query=["a"], prompts=[]), body(query="a"), body(prompts=["a"]), body(query=[1]), b"[]"]
)
def test_lists_of_other_shapes_are_refused(data: bytes) -> None:
    assert refusal(data).status == 422


def test_too_many_queries_are_too_large() -> None:
    assert refusal(body(query=["a"] * 5)).status == 413


def test_rewards_are_what_is_delivered_and_every_log_is_a_list_of_numbers_with_the_same_keys() -> None:
    scores = [
        score(0.9, Action.ALLOW, 1.8),
        score(0.1, Action.BLOCK, 0.0, ("reward 0.1 < 0.2",)),
        score(0.8, Action.ESCALATE, 0.5, ("uncertainty",), truncated=True),
    ]
    document = json.loads(answer(SERVED, scores).model_dump_json())
    assert document["rewards"] == [1.8, 0.0, 0.5]
    assert document["scores"] == [1.0, 0.0, 0.5], "the dynamic filter expects 0 to 1"
    assert document["extra_logs"] == {
        "uncertainty": [0.2, 0.2, 0.2],
        "coverage_uncertainty": [0.3, 0.3, 0.3],
        "blocked": [0.0, 1.0, 0.0],
        "escalated": [0.0, 0.0, 1.0],
        "truncated": [0.0, 0.0, 1.0],
    }
    assert set(json.loads(answer(SERVED, []).model_dump_json())["extra_logs"]) == set(document["extra_logs"])
    assert document["artifact"]["digest"] == SERVED.digest


def test_what_the_release_refuses_to_reward_is_said_item_by_item() -> None:
    with pytest.raises(Problem) as caught:
        answer(SERVED, [score(), score(0.1, Action.BLOCK, None, ("reward 0.1 < 0.2",))])
    assert (caught.value.status, caught.value.code) == (422, "refused")
    assert [detail.where for detail in caught.value.details] == ["query.1"]
    assert "reward 0.1 < 0.2" in caught.value.details[0].message
