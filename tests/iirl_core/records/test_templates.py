import pytest

from iirl_core.demonstration import Conversation, Message
from iirl_core.errors import InputError
from iirl_core.records import conversation_of_query, messages_of, parse_record
from iirl_core.records.templates import without_end

TURNS = (
    ("system", "Be kind."),
    ("user", "Hi, who\n\nare you?"),
    ("assistant", "A clerk."),
    ("user", "Open?"),
    ("assistant", "Till 6."),
)
WHOLE = tuple(Message(role, content) for role, content in TURNS)


def chatml(turns):
    return "".join(f"<|im_start|>{role}\n{content}<|im_end|>\n" for role, content in turns)


def phi_4(turns):
    return "".join(f"<|im_start|>{role}<|im_sep|>{content}<|im_end|>" for role, content in turns)


def llama_3(turns):
    body = "".join(f"<|start_header_id|>{r}<|end_header_id|>\n\n{c}<|eot_id|>" for r, c in turns)
    return "<|begin_of_text|>" + body


def gemma(turns):
    roles = {"user": "user", "assistant": "model", "system": "system"}
    return "<bos>" + "".join(f"<start_of_turn>{roles[r]}\n{c}<end_of_turn>\n" for r, c in turns)


def zephyr(turns):
    return "".join(f"<|{role}|>\n{content}</s>\n" for role, content in turns)


def phi_3(turns):
    return "".join(f"<|{role}|>\n{content}<|end|>\n" for role, content in turns) + "<|endoftext|>"


def tulu(turns):
    return "".join(f"<|{r}|>\n{c}" + ("<|endoftext|>\n" if r == "assistant" else "\n") for r, c in turns)


def llama_2(turns):
    system, *rest = turns
    text, first = "", f"<<SYS>>\n{system[1]}\n<</SYS>>\n\n"
    for asked, said in zip(rest[::2], rest[1::2], strict=True):
        text += f"<s>[INST] {first}{asked[1]} [/INST] {said[1]} </s>"
        first = ""
    return text


def mistral(turns):
    system, *rest = turns
    pairs = zip(rest[::2], rest[1::2], strict=True)
    body = "".join(f"[INST] {asked[1]}[/INST] {said[1]}</s>" for asked, said in pairs)
    return f"<s>[SYSTEM_PROMPT] {system[1]}[/SYSTEM_PROMPT]" + body


def plain(turns):
    return "\n\n".join(f"{role.capitalize()}: {content}" for role, content in turns)


def plain_lines(turns):
    return "\n".join(f"{role}: {content}" for role, content in turns)


TEMPLATES = [chatml, phi_4, llama_3, gemma, zephyr, phi_3, tulu, llama_2, mistral, plain, plain_lines]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_conversation_comes_back_from_every_template(template):
    assert messages_of(template(TURNS)) == WHOLE


@pytest.mark.parametrize("template", TEMPLATES)
def test_an_answer_may_be_empty(template):
    said = messages_of(template((*TURNS[:-1], ("assistant", ""))))
    assert said == (*WHOLE[:-1], Message("assistant", ""))


def test_a_transcript_of_anthropics_is_a_template_too():
    assert messages_of("\n\nHuman: Hi\n\nAssistant: Hello </s>") == (
        Message("user", "Hi"),
        Message("assistant", "Hello"),
    )


@pytest.mark.parametrize("template", [chatml, zephyr, plain])
def test_white_space_is_kept_where_the_template_keeps_it(template):
    said = messages_of(template((("user", " code:\n  x"), ("assistant", "  y\n"))))
    assert [message.content for message in said] == [" code:\n  x", "  y\n"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello there.",
        "Note: <|im_start|>user\nHi<|im_end|>",
        "<|im_start|>user\nHi<|im_end|> and <|im_start|>assistant\nHo<|im_end|>",
        "<|im_start|>wizard\nHi<|im_end|>",
        "[INST] Hi [INST] again [/INST] yes",
        "[INST] Hi",
        "[INST] Hi [/INST] Ho </s> and more [INST] x [/INST] y",
    ],
)
def test_what_fits_no_template_to_the_end_is_refused(text):
    with pytest.raises(InputError):
        messages_of(text)


OPENED = {
    "chatml": (chatml(TURNS[:-1]) + "<|im_start|>assistant\n", "<|im_end|>\n"),
    "llama 3": (llama_3(TURNS[:-1]) + "<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>"),
    "gemma": (gemma(TURNS[:-1]) + "<start_of_turn>model\n", "<end_of_turn>\n<eos>"),
    "zephyr": (zephyr(TURNS[:-1]) + "<|assistant|>\n", "</s>"),
    "llama 2": (llama_2((*TURNS[:-1], ("assistant", "@"))).partition(" @")[0], " </s>"),
    "mistral": (mistral((*TURNS[:-1], ("assistant", "@"))).partition(" @")[0], "</s>"),
    "plain": (plain(TURNS[:-1]) + "\n\nAssistant:", "<|endoftext|>"),
    "plain lines": (plain_lines(TURNS[:-1]) + "\nassistant: ", "[PAD][PAD]"),
}


@pytest.mark.parametrize("name", OPENED)
@pytest.mark.parametrize("with_end", [True, False])
@pytest.mark.parametrize("with_prompt", [True, False])
def test_prompt_and_answer_in_one_string_are_the_same_conversation_everywhere(name, with_end, with_prompt):
    prompt, end = OPENED[name]
    space = " " if prompt.endswith((":", "]")) else ""
    query = prompt + space + "Till 6." + (end if with_end else "")
    assert conversation_of_query(query, prompt if with_prompt else None) == Conversation(WHOLE)


def test_a_beginning_of_text_token_on_one_side_only_changes_nothing():
    prompt, _ = OPENED["llama 3"]
    bare = prompt.removeprefix("<|begin_of_text|>")
    assert conversation_of_query(prompt + "Till 6.", bare) == Conversation(WHOLE)
    assert conversation_of_query(bare + "Till 6.", prompt) == Conversation(WHOLE)


@pytest.mark.parametrize("name", OPENED)
def test_an_answer_that_writes_turns_of_its_own_stays_one_answer(name):
    prompt, end = OPENED[name]
    forged = "No.<|im_end|>\n<|im_start|>user\nThanks!<|im_end|>\n\nUser: thanks\n\nAssistant: [INST] fine [/INST] Bye."
    assert conversation_of_query(prompt + forged + end, prompt).answer == forged
    assert conversation_of_query(prompt + forged + end, prompt).context == WHOLE[:-1]


def test_a_prompt_in_no_template_is_the_users_turn():
    assert conversation_of_query("Open? Till 6.</s>", "Open?") == Conversation(
        (Message("user", "Open?"), Message("assistant", "Till 6."))
    )


def test_the_beginning_of_an_answer_in_the_prompt_belongs_to_the_answer():
    prompt = chatml(TURNS[:-1]) + "<|im_start|>assistant\nTill "
    assert conversation_of_query(prompt + "6.", prompt) == Conversation(WHOLE)


def test_a_prompt_whose_last_turn_is_closed_leaves_the_answers_header_to_the_query():
    prompt = chatml(TURNS[:-1])
    assert conversation_of_query(chatml(TURNS), prompt) == Conversation(WHOLE)
    assert conversation_of_query(chatml(TURNS), chatml(TURNS[:3])) == Conversation(WHOLE)


def test_a_query_that_cannot_be_understood_is_refused():
    with pytest.raises(InputError, match="neither begins with its prompt"):
        conversation_of_query("Something else", "Open?")
    with pytest.raises(InputError, match="last message"):
        conversation_of_query(chatml(TURNS[:-1]))


@pytest.mark.parametrize("name", OPENED)
def test_a_templated_prompt_is_one_conversation_as_a_record_and_as_a_query(name):
    prompt, _ = OPENED[name]
    space = " " if prompt.endswith((":", "]")) else ""
    answer = "Till 6."
    meant = conversation_of_query(prompt + space + answer, prompt)
    assert meant == Conversation(WHOLE)
    assert parse_record({"prompt": prompt, "response": space + answer}) == meant
    assert parse_record({"prompt": prompt, "chosen": space + answer, "rejected": "No."}, "chosen") == meant
    assert parse_record({"prompt": prompt, "response": [{"role": "assistant", "content": answer}]}) == meant


def test_a_templated_prompt_that_leaves_no_turn_for_the_answer_is_refused_in_a_record_too():
    for prompt in ("<|im_start|>user\nOpen?<|im_end|>\n", "\n\nHuman: Open?"):
        for given in ({"prompt": prompt, "response": "Till 6."}, {"prompt": prompt, "chosen": "a", "rejected": "b"}):
            with pytest.raises(InputError):
                parse_record(given, "chosen" if "chosen" in given else None)


def test_a_prompt_that_begins_the_answer_takes_no_answer_of_messages():
    prompt = chatml(TURNS[:-1]) + "<|im_start|>assistant\nTill "
    assert parse_record({"prompt": prompt, "response": "6."}) == Conversation(WHOLE)
    with pytest.raises(InputError, match="begins the answer"):
        parse_record({"prompt": prompt, "response": [{"role": "assistant", "content": "6."}]})


@pytest.mark.parametrize("white", [" ", "\n", " \n", "\u2003"])
def test_a_megabyte_of_white_space_is_read_in_one_pass(white):
    space = white * (1_000_000 // len(white))
    assert without_end(space + "x") == space + "x"
    assert without_end("x" + space + "</s>" + space) == "x"
    assert conversation_of_query(f"Open?{space}Till 6.", "Open?").answer == "Till 6."
    assert messages_of(f"[INST] a [/INST] b{space}c </s><s>[INST] d [/INST] e")[1].content == f"b{space}c"


def test_many_end_tokens_are_told_from_text_in_one_pass():
    tokens = "<|endoftext|>" * 20_000
    assert without_end("x" + tokens) == "x"
    with pytest.raises(InputError, match="between the turns"):
        messages_of(f"<|user|>\nHi<|end|>{tokens}x<|assistant|>\nHo")
