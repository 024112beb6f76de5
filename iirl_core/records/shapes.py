"""The shapes of text records, each a small function from its fields to a Conversation or a Comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from iirl_core.demonstration import Comparison, Conversation, Message
from iirl_core.errors import InputError
from iirl_core.records.query import conversation_of_query
from iirl_core.records.templates import is_templated, messages_of, turns_of
from iirl_core.records.transcript import is_transcript, parse_transcript

Document = Mapping[str, object]
ANSWERS = ("completion", "response", "answer")


def messages_from(value: object) -> tuple[Message, ...]:
    """A list of ``{"role", "content"}``; a content may be a list of text parts, as OpenAI's clients write it.

    Raises:
        InputError: it is anything else.
    """
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise InputError(f"messages are a {type(value).__name__}", "a list of objects with role and content")
    return tuple(_message(item) for item in value)


def from_answer(document: Document) -> Conversation:
    """``prompt`` with ``completion``, ``response`` or ``answer``; where it has several, they are equal.

    Raises:
        InputError: two differ: which of them is meant cannot be told.
    """
    first, *others = (name for name in ANSWERS if document.get(name) is not None)
    answer = document[first]
    for name in others:
        other = document[name]
        if isinstance(answer, str | list) and isinstance(other, str | list) and other != answer:
            raise InputError(f"{first} and {name} are two different answers", f"one of {', '.join(ANSWERS)}")
    return _answered(document, document["prompt"], answer)


def from_instruction(document: Document) -> Conversation:
    """``instruction``, optional ``input``, ``output``, as Alpaca writes them."""
    parts = [_text(document, "instruction")]
    if document.get("input") is not None and _text(document, "input"):
        parts.append(_text(document, "input"))
    return _answered(document, "\n\n".join(parts), _text(document, "output"))


def from_text(document: Document) -> Conversation:
    """``text``: in a known chat template, its messages; else an answer without context."""
    text = _text(document, "text")
    return Conversation(messages_of(text) if is_templated(text) else (Message("assistant", text),))


def from_comparison(document: Document) -> Comparison:
    """``chosen`` and ``rejected``: with a ``prompt``, as transcripts, or as message lists."""
    margin = document.get("preference_margin")
    if margin is not None and (isinstance(margin, bool) or not isinstance(margin, int | float)):
        raise InputError(f"preference_margin {margin!r}", "a number")
    try:
        margin = None if margin is None else float(margin)
    except OverflowError as error:
        raise InputError("preference_margin has hundreds of digits", "a number") from error
    if margin is not None and margin < 0:
        raise InputError(f"preference_margin {margin:g} says that the rejected answer is better", "a number ≥ 0")
    return Comparison(*from_sides(document), margin)


def from_sides(document: Document) -> tuple[Conversation, Conversation]:
    """``chosen`` and ``rejected`` as conversations, whatever they say."""
    return _side(document, "chosen"), _side(document, "rejected")


def from_answers(document: Document, name: str) -> tuple[Conversation, ...]:
    """A ``prompt`` and a list of answers to it under ``name``, each text or messages."""
    answers = document[name]
    if not isinstance(answers, Sequence) or isinstance(answers, str | bytes):
        raise InputError(f"{name} is a {type(answers).__name__}", "a list of answers")
    if not answers:
        raise InputError(f"{name} is an empty list", "at least one answer")
    return tuple(_answered(document, document["prompt"], answer) for answer in answers)


def _side(document: Document, name: str) -> Conversation:
    value = document[name]
    prompt = document.get("prompt")
    if isinstance(value, str):
        if is_transcript(value):
            return Conversation(parse_transcript(value))
        if prompt is None:
            raise InputError(f"{name} is a string without a prompt", "a prompt, or \\n\\nHuman: … \\n\\nAssistant: …")
        return _answered(document, prompt, value)
    messages = messages_from(value)
    if prompt is None or (messages and messages[0].role != "assistant"):
        return Conversation(messages)
    return _answered(document, prompt, value)


def _answered(document: Document, prompt: object, answer: object) -> Conversation:
    """``prompt`` is text, text in a known chat template, or messages; ``answer`` is text or messages.

    What is templated is read as a trainer's query is: one conversation has one reward, whichever way it came.
    """
    if isinstance(prompt, str) and isinstance(answer, str) and is_templated(prompt):
        messages = conversation_of_query(prompt + answer, prompt).messages
    else:
        context = _context(prompt) if isinstance(prompt, str) else messages_from(prompt)
        messages = (*context, *((Message("assistant", answer),) if isinstance(answer, str) else messages_from(answer)))
    if document.get("system") is not None and (system := _text(document, "system")) and messages[:1]:
        messages = messages if messages[0].role == "system" else (Message("system", system), *messages)
    return Conversation(messages)


def _context(prompt: str) -> tuple[Message, ...]:
    """What a text says before an answer that is given as messages."""
    if not is_templated(prompt):
        return (Message("user", prompt),)
    *turns, last = turns_of(prompt)
    if last.closed or last.message.role != "assistant":
        return messages_of(prompt)
    if last.message.content.strip():
        raise InputError("a prompt that begins the answer, and an answer of messages", "one of the two as messages")
    return tuple(turn.message for turn in turns)


def _message(item: object) -> Message:
    if not isinstance(item, Mapping):
        raise InputError(f"a message is a {type(item).__name__}", "an object with role and content")
    role, content = item.get("role"), item.get("content")
    if isinstance(content, list):
        content = "".join(_part(part) for part in content)
    if not isinstance(role, str) or not isinstance(content, str):
        raise InputError(f"a message with role {role!r} and a content of type {type(content).__name__}", "two strings")
    return Message(role, content)  # type: ignore[arg-type]  # Message itself checks the role


def _part(part: object) -> str:
    if isinstance(part, Mapping) and part.get("type") == "text" and isinstance(part.get("text"), str):
        return str(part["text"])
    raise InputError("a part of a message is not text", 'parts like {"type": "text", "text": "…"}')


def _text(document: Document, name: str) -> str:
    value = document[name]
    if not isinstance(value, str):
        raise InputError(f"{name} is a {type(value).__name__}", "a string")
    return value
