"""The shapes of text records, each a small function from its fields to a Conversation or a Comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from iirl_core.demonstration import Comparison, Conversation, Message
from iirl_core.errors import InputError
from iirl_core.records.templates import is_templated, messages_of
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
    """``prompt`` with ``completion``, ``response`` or ``answer``."""
    answer = next(document[name] for name in ANSWERS if document.get(name) is not None)
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
    return Comparison(_side(document, "chosen"), _side(document, "rejected"), margin)


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
    """``prompt`` is text, a transcript that ends before an answer, or messages; so is ``answer``."""
    context = _context(prompt) if isinstance(prompt, str) else messages_from(prompt)
    if (
        document.get("system") is not None
        and _text(document, "system")
        and (not context or context[0].role != "system")
    ):
        context = (Message("system", _text(document, "system")), *context)
    given = (Message("assistant", answer),) if isinstance(answer, str) else messages_from(answer)
    return Conversation((*context, *given))


def _context(prompt: str) -> tuple[Message, ...]:
    if is_transcript(prompt):
        turns = parse_transcript(prompt)
        if turns[-1].role == "assistant" and not turns[-1].content:
            return turns[:-1]
    return (Message("user", prompt),)


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
