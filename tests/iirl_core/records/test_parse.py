import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iirl_core.demonstration import ROLES, Conversation, Message, Trajectory
from iirl_core.errors import InputError
from iirl_core.records import document_of, parse_comparison, parse_record

ASKED = Message("user", "Is it open?")
SAID = Message("assistant", "Until six.")
HH = "\n\nHuman: Is it open?\n\nAssistant: "


@pytest.mark.parametrize(
    "document",
    [
        {"messages": [{"role": "user", "content": "Is it open?"}, {"role": "assistant", "content": "Until six."}]},
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Is it "}, {"type": "text", "text": "open?"}]},
                {"role": "assistant", "content": "Until six."},
            ]
        },
        {"prompt": "Is it open?", "completion": "Until six."},
        {"prompt": "Is it open?", "response": "Until six.", "model": "x", "preference": 0.2},
        {"prompt": "Is it open?", "answer": "Until six.", "messages": None},
        {
            "prompt": [{"role": "user", "content": "Is it open?"}],
            "completion": [{"role": "assistant", "content": "Until six."}],
        },
        {"prompt": "\n\nHuman: Is it open?\n\nAssistant:", "response": "Until six."},
        {"instruction": "Is it open?", "input": "", "output": "Until six."},
        {"text": "User: Is it open?\n\nAssistant: Until six."},
        {"text": HH + "Until six."},
    ],
)
def test_every_shape_of_a_single_answer_gives_the_same_conversation(document):
    assert parse_record(document) == Conversation((ASKED, SAID))


@pytest.mark.parametrize(
    "document",
    [
        {"prompt": "Is it open?", "chosen": "Until six.", "rejected": "Go away."},
        {"chosen": HH + "Until six.", "rejected": HH + "Go away."},
        {"prompt": "\n\nHuman: Is it open?\n\nAssistant:", "chosen": "Until six.", "rejected": "Go away."},
        {
            "prompt": "Is it open?",
            "chosen": [{"role": "assistant", "content": "Until six."}],
            "rejected": [{"role": "assistant", "content": "Go away."}],
        },
        {
            "prompt": "Is it open?",
            "chosen": [{"role": "user", "content": "Is it open?"}, {"role": "assistant", "content": "Until six."}],
            "rejected": [{"role": "user", "content": "Is it open?"}, {"role": "assistant", "content": "Go away."}],
        },
    ],
)
def test_take_picks_a_side_of_every_shape_of_a_comparison(document):
    assert parse_record(document, "chosen") == Conversation((ASKED, SAID))
    assert parse_record(document, "rejected").answer == "Go away."
    assert parse_record(document, "rejected").context == (ASKED,)


def test_a_margin_travels_with_a_comparison():
    document = {"prompt": "Is it open?", "chosen": "Yes.", "rejected": "No.", "preference_margin": 2}
    assert parse_comparison(document).preference_margin == 2.0
    with pytest.raises(InputError, match="preference_margin"):
        parse_comparison(document | {"preference_margin": "much"})


@pytest.mark.parametrize("margin", [-1, -0.5, float("-inf")])
def test_a_margin_below_0_contradicts_the_order_of_a_comparison(margin):
    document = {"prompt": "Is it open?", "chosen": "Yes.", "rejected": "No.", "preference_margin": margin}
    with pytest.raises(InputError, match="says that the rejected answer is better; expected a number ≥ 0"):
        parse_comparison(document)
    assert parse_comparison(document | {"preference_margin": 0}).preference_margin == 0


def test_two_answers_to_a_prompt_are_refused_unless_they_are_equal():
    document = {"prompt": "Is it open?", "response": "Until six.", "completion": "Until six."}
    assert parse_record(document) == Conversation((ASKED, SAID))
    assert parse_record(document | {"answer": 6}) == Conversation((ASKED, SAID)), "a number is no answer to score"
    with pytest.raises(InputError, match="completion and response are two different answers; expected one of"):
        parse_record(document | {"response": "Go away."})
    with pytest.raises(InputError, match="completion and answer"):
        parse_record(document | {"answer": [{"role": "assistant", "content": "No."}]})


def test_the_input_of_an_instruction_follows_it():
    parsed = parse_record({"instruction": "Translate.", "input": "Guten Tag", "output": "Good day"})
    assert parsed.context == (Message("user", "Translate.\n\nGuten Tag"),)


def test_a_system_prompt_is_kept():
    parsed = parse_record({"system": "Be brief.", "prompt": "Hi", "response": "Hello"})
    assert [message.role for message in parsed.messages] == ["system", "user", "assistant"]


def test_text_in_no_template_is_an_answer_without_context():
    assert parse_record({"text": "Once upon a time."}) == Conversation((Message("assistant", "Once upon a time."),))


def test_turns_of_a_transcript_alternate_as_they_stand():
    parsed = parse_record({"text": "\n\nHuman: a\n\nHuman: b\n\nAssistant: c: \n\nd\n\nHuman: e\n\nAssistant:"})
    assert [(m.role, m.content) for m in parsed.messages] == [
        ("user", "a"),
        ("user", "b"),
        ("assistant", "c: \n\nd"),
        ("user", "e"),
        ("assistant", ""),
    ]


@pytest.mark.parametrize(
    ("document", "take", "reason"),
    [
        (None, None, "NoneType"),
        ([1], None, "type list"),
        ({}, None, "empty record"),
        ({"prompt": None}, None, "empty record"),
        ({"question": "a", "reply": "b"}, None, "unknown shape.*'question'"),
        ({"messages": "hello"}, None, "messages are a str"),
        ({"messages": []}, None, "without messages"),
        ({"messages": ["hello"]}, None, "a message is a str"),
        ({"messages": [{"role": "assistant", "content": None}]}, None, "NoneType"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, None, "wizard"),
        ({"messages": [{"role": "assistant", "content": [{"type": "image_url"}]}]}, None, "not text"),
        ({"messages": [{"role": "user", "content": "x"}]}, None, "last message is the user's"),
        ({"messages": [{"role": "assistant", "content": "\ud800"}]}, None, "surrogate"),
        ({"prompt": 3, "response": "x"}, None, "messages are a int"),
        ({"text": 3}, None, "text is a int"),
        ({"chosen": "a", "rejected": "b", "prompt": "c"}, None, "take"),
        ({"chosen": "a", "rejected": "b"}, "chosen", "without a prompt"),
        ({"chosen": "a", "rejected": "a", "prompt": "c"}, "chosen", "same text"),
        ({"chosen": HH + "a", "rejected": HH.replace("open", "shut") + "b"}, "chosen", "different prompts"),
        ({"prompt": "a", "response": "b"}, "chosen", "take: chosen is set"),
        ({"observations": [[1.0]]}, "rejected", "take: rejected is set"),
        ({"observations": []}, None, "shape"),
        ({"observations": [[1.0, 2.0], [3.0]]}, None, "not rectangular"),
        ({"observations": [[1.0], [float("nan")]]}, None, "NaN or infinity at step 1"),
        ({"observations": [[1e39]]}, None, "NaN or infinity"),
        ({"observations": [["1"]]}, None, "not all numbers"),
        ({"observations": [[None]]}, None, "not all numbers"),
        ({"observations": [1.0, 2.0]}, None, r"shape \[2\]"),
        ({"observations": [[1.0]], "actions": [[1.0], [2.0]]}, None, "1 observations but 2 actions"),
        ({"observations": [[1.0]], "terminal": "yes"}, None, "terminal is 'yes'"),
        ({"observations": [[1.0]], "terminals": []}, None, "one value a step"),
    ],
)
def test_what_fits_no_shape_is_refused_with_its_reason(document, take, reason):
    with pytest.raises(InputError, match=reason):
        parse_record(document, take)


@pytest.mark.parametrize("ended", [{"terminal": True}, {"terminals": [0, 1]}, {"terminations": [False, True]}])
def test_a_trajectory_ends_as_its_record_says(ended):
    parsed = parse_record({"observations": [[1, 2], [3, 4]], "actions": [[0.5], [1]], **ended})
    assert parsed.terminal
    assert parsed.observations.tolist() == [[1, 2], [3, 4]]
    assert parsed.actions is not None
    assert parsed.actions.dtype == np.float32


messages = st.builds(Message, st.sampled_from(ROLES), st.text(st.characters(exclude_categories=["Cs"])))


@given(st.lists(messages, max_size=4), st.text(st.characters(exclude_categories=["Cs"])))
def test_a_conversation_survives_the_way_to_a_document_and_back(before, answer):
    item = Conversation((*before, Message("assistant", answer)))
    assert parse_record(document_of(item)) == item


@given(st.integers(1, 4), st.integers(1, 3), st.booleans(), st.booleans(), st.integers(0, 2**32 - 1))
def test_a_trajectory_survives_the_way_to_a_document_and_back(steps, width, acts, terminal, seed):
    draw = np.random.default_rng(seed)
    actions = draw.normal(size=(steps, 2)) if acts else None
    item = Trajectory(draw.normal(size=(steps, width)), actions, terminal)
    back = parse_record(document_of(item))
    assert np.array_equal(back.observations, item.observations)
    assert back.terminal == terminal
    assert (back.actions is None) is not acts
    assert not acts or np.array_equal(back.actions, item.actions)
