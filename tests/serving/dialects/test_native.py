from __future__ import annotations

import json

import pytest

from iirl_core.demonstration import Conversation, Trajectory, conversation
from iirl_core.reading import Action
from serving.dialects.dialect import Understood
from serving.dialects.native import answer, parse
from serving.problem import Problem
from tests.serving.scores import SERVED, score

MOST = 4


def ask(*items: object, **fields: object) -> Understood:
    return parse(json.dumps({"items": items, **fields}).encode(), {}, MOST)


def refusal(body: bytes) -> Problem:
    with pytest.raises(Problem) as caught:
        parse(body, {}, MOST)
    return caught.value


def refusal_of(*items: object, **fields: object) -> Problem:
    return refusal(json.dumps({"items": items, **fields}).encode())


def test_one_conversation_is_the_same_input_in_every_form() -> None:
    asked = ask(
        {"messages": [{"role": "user", "content": "Open?"}, {"role": "assistant", "content": "Until six."}]},
        {"messages": [
            {"role": "user", "content": [{"type": "text", "text": "Open?"}]},
            {"role": "assistant", "content": "Until six."},
        ]},
        {"prompt": "Open?", "response": "Until six."},
        {"text": "<|im_start|>user\nOpen?<|im_end|>\n<|im_start|>assistant\nUntil six.<|im_end|>\n"},
    )  # fmt: skip
    assert set(asked.inputs) == {conversation("Open?", "Until six.")}


def test_a_trajectory_keeps_its_steps_actions_and_end() -> None:
    (item,) = ask({"observations": [[0, 1], [2, 3.5]], "actions": [[0], [1]], "terminal": True}).inputs
    assert isinstance(item, Trajectory)
    assert item.observations.tolist() == [[0, 1], [2, 3.5]]
    assert item.actions is not None
    assert item.actions.tolist() == [[0], [1]]
    assert item.terminal


def test_nothing_truncates_unless_asked() -> None:
    assert ask().truncate == "error"
    assert ask(truncate="allow").truncate == "allow"
    assert ask(model="portal").model == "portal"
    assert ask().inputs == ()


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"{'items': []}"])
def test_what_is_not_json_is_a_bad_request(body: bytes) -> None:
    problem = refusal(body)
    assert (problem.status, problem.code) == (400, "invalid_json")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"[]", ""),
        (b"{}", "items"),
        (b'{"items": [], "truncat": "allow"}', "truncat"),
        (b'{"items": [], "truncate": "left"}', "truncate"),
        (b'{"items": [7]}', "items.0"),
        (b'{"items": [{"conversation": []}]}', "items.0"),
        (b'{"items": [{"prompt": "a"}]}', "items.0.prompt.response"),
        (b'{"items": [{"prompt": "a", "response": "b", "label": 1}]}', "items.0.prompt.label"),
        (b'{"items": [{"observations": [["a"]]}]}', "items.0.trajectory.observations.0.0"),
        (b'{"items": [{"messages": [{"role": "doctor", "content": "a"}]}]}', "items.0.messages.messages.0.role"),
    ],
)
def test_what_has_another_shape_is_named(body: bytes, where: str) -> None:
    problem = refusal(body)
    assert (problem.status, problem.code) == (422, "invalid_request")
    assert problem.details[0].where == where


def test_every_item_that_cannot_be_read_is_named_at_once() -> None:
    problem = refusal_of(
        {"prompt": "a", "response": "b"},
        {"text": "<|im_start|>user\nWho asks?<|im_end|>\n"},
        {"text": "no template at all"},
        {"observations": [[1, 2], [3]]},
    )
    assert (problem.status, problem.code) == (422, "invalid_item")
    assert [detail.where for detail in problem.details] == ["items.1", "items.2", "items.3"]
    assert json.loads(problem.body())["error"]["details"][1]["where"] == "items.2"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_a_number_that_is_none_is_refused(number: str) -> None:
    assert refusal(b'{"items": [{"observations": [[0.5, %s]]}]}' % number.encode()).status == 422


def test_an_unpaired_surrogate_is_refused_and_not_an_error_of_ours() -> None:
    assert refusal(rb'{"items": [{"prompt": "\ud800", "response": "b"}]}').status in (400, 422)


def test_too_many_items_are_too_large() -> None:
    problem = refusal_of(*[{"prompt": "a", "response": "b"}] * (MOST + 1))
    assert (problem.status, problem.code) == (413, "too_many_items")


def test_the_answer_says_all_that_a_score_knows() -> None:
    scores = [score(), score(0.1, Action.BLOCK, None, ("reward 0.1 < 0.2",), steps=(0.1, 0.1))]
    body = json.loads(answer(SERVED, scores).model_dump_json())
    assert body["artifact"] == {
        "name": "portal",
        "version": "1.2.3",
        "digest": SERVED.digest,
        "release": SERVED.release,
        "audit": SERVED.audit,
    }
    first, second = body["data"]
    assert first == {
        "index": 0,
        "reward": 0.75,
        "step_rewards": [],
        "uncertainty": 0.2,
        "coverage_uncertainty": 0.3,
        "action": "allow",
        "reasons": [],
        "delivered": 0.75,
        "delivered_steps": [],
        "evidence": {
            "unpatched_reward": 0.8,
            "reshaped": 0.0,
            "suppressed": 0.05,
            "boosted": 0.0,
            "patches": ["p-1"],
            "disagreement": 0.1,
            "support_distance": 0.2,
            "gate": [0.25, 0.75],
        },
        "tokens": {"count": 12, "truncated": False},
    }
    assert second["action"] == "block"
    assert second["delivered"] is None
    assert second["step_rewards"] == [0.1, 0.1]
    assert second["delivered_steps"] is None
    assert second["tokens"] is None


def test_a_reward_that_is_not_a_number_never_leaves() -> None:
    with pytest.raises(ValueError, match="finite"):
        answer(SERVED, [score(float("nan"))])


def test_an_empty_answer_is_scored() -> None:
    (item,) = ask({"prompt": "Open?", "response": ""}).inputs
    assert isinstance(item, Conversation)
    assert item.answer == ""
