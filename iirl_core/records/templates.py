r"""Text that arrives in a foreign chat template, parsed back into messages.

A template is known by how its text begins (after beginning-of-text tokens), so no two compete for one text. White
space inside a turn is kept where the template keeps it (ChatML, Zephyr, Phi, our plain one) and stripped where the
template strips it. A text that does not fit its template to the last character is refused: a conversation that was
guessed would have another reward than the one that was meant.

Example:
    >>> messages_of("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>")[1].content
    'Hello'
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from iirl_core.demonstration import Message, Role
from iirl_core.errors import InputError
from iirl_core.records.transcript import is_transcript, parse_transcript

BEGIN_TOKENS = ("<s>", "<bos>", "<|begin_of_text|>", "<|startoftext|>", "<|endoftext|>")
END_TOKENS = (
    "</s>", "<eos>", "<|endoftext|>", "<|end_of_text|>", "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>",
    "<|eom_id|>", "<pad>", "<|pad|>", "[PAD]", "<|finetune_right_pad_id|>",
)  # fmt: skip
_BEGIN = re.compile(r"\A\s*(?:(?:" + "|".join(map(re.escape, BEGIN_TOKENS)) + r")\s*)*")
# Each token once: two equal alternatives are tried in every combination before the text is refused.
_FILLER = re.compile(r"(?:\s|" + "|".join(map(re.escape, dict.fromkeys((*BEGIN_TOKENS, *END_TOKENS)))) + r")*\Z")
_ROLES: dict[str, Role] = {
    "system": "system", "user": "user", "human": "user", "assistant": "assistant", "model": "assistant",
    "tool": "tool", "ipython": "tool",
}  # fmt: skip


@dataclass(frozen=True)
class Turn:
    """A message, and whether its template closed it (the turn that a prompt leaves for the answer is open)."""

    message: Message
    closed: bool


@dataclass(frozen=True)
class Headers:
    """A template whose turns begin with a header that names the role and end with a token (or the next header)."""

    name: str
    header: re.Pattern[str]
    ends: tuple[str, ...]
    strips: bool


HEADERS = (
    Headers("ChatML", re.compile(r"<\|im_start\|>(\w+)(?:\n|<\|im_sep\|>)"), ("<|im_end|>",), strips=False),
    Headers(
        "Llama 3",
        re.compile(r"<\|start_header_id\|>(\w+)<\|end_header_id\|>\s{0,2}"),
        ("<|eot_id|>", "<|eom_id|>"),
        True,
    ),
    Headers("Gemma", re.compile(r"<start_of_turn>(\w+)\n"), ("<end_of_turn>",), strips=True),
    Headers(
        "Zephyr, Phi", re.compile(r"<\|(system|user|assistant|tool)\|>\n?"), ("</s>", "<|end|>", "<|endoftext|>"), False
    ),
)
_INSTRUCTION = re.compile(r"\[INST\]((?:(?!\[INST\]).)*?)\[/INST\](.*?)(?=\[INST\]|\Z)", re.DOTALL)
_SYSTEM_PROMPT = re.compile(r"\[SYSTEM_PROMPT\](.*?)\[/SYSTEM_PROMPT\]\s*", re.DOTALL)
_LLAMA_2_SYSTEM = re.compile(r"\s*<<SYS>>(.*?)<</SYS>>\s*", re.DOTALL)
# A turn a paragraph, and a turn a line (what the text encoder writes where a tokenizer has no template of its own).
_PLAIN = (
    re.compile(r"(?:^|\n\n)(System|User|Assistant|Tool): ?"),
    re.compile(r"(?:^|\n)(system|user|assistant|tool): ?"),
)

# Asked of every text that is ingested, so in one match.
_OPENING = re.compile(
    "|".join([*(headers.header.pattern for headers in HEADERS), r"\[INST\]", r"\[SYSTEM_PROMPT\]"])
    + "|"
    + "|".join(plain.pattern for plain in _PLAIN)
)


def messages_of(text: str) -> tuple[Message, ...]:
    """The messages of a text in ChatML, Llama 2 or 3, Mistral, Gemma, Zephyr or Phi, HH, or our plain template.

    Raises:
        InputError: no known template fits the whole text.
    """
    return tuple(turn.message for turn in turns_of(text))


def is_templated(text: str) -> bool:
    """Whether ``text`` begins as a text in a known chat template does."""
    rest = without_begin(text)
    return _OPENING.match(rest) is not None or is_transcript(rest)


def turns_of(text: str) -> tuple[Turn, ...]:
    """As ``messages_of``, with what was closed.

    Raises:
        InputError: as ``messages_of``.
    """
    rest = without_begin(text)
    for headers in HEADERS:
        if headers.header.match(rest):
            return _header_turns(rest, headers)
    if rest.startswith(("[INST]", "[SYSTEM_PROMPT]")):
        return _instruction_turns(rest)
    if is_transcript(rest):
        return _open_last(parse_transcript(without_end(rest)))
    for plain in _PLAIN:
        if plain.match(rest):
            return _open_last(_plain_messages(without_end(rest), plain))
    raise InputError(
        f"a text in no known chat template ({text[:40]!r}…)",
        "ChatML, Llama, Mistral, Gemma, Zephyr, Phi, Human/Assistant or User/Assistant",
        "Send messages instead",
    )


def without_end(text: str) -> str:
    """``text`` without the end-of-text and padding tokens at its end, and the white space around those."""
    return text[: _stripped(text, END_TOKENS)]


def without_begin(text: str) -> str:
    """``text`` without the beginning-of-text tokens and the white space at its start."""
    return _BEGIN.sub("", text, count=1)


def _stripped(text: str, tokens: tuple[str, ...]) -> int:
    """Where ``text`` ends without the ``tokens`` at its end and the white space around them; its length without any.

    From the end, since a regular expression would try every stretch of white space in the text.
    """
    kept, end = len(text), _last_word(text, len(text))
    while token := next((token for token in tokens if text.endswith(token, 0, end)), None):
        kept = end = _last_word(text, end - len(token))
    return kept


def _last_word(text: str, end: int) -> int:
    """Where the white space before ``end`` begins."""
    while end and text[end - 1].isspace():
        end -= 1
    return end


def _header_turns(text: str, headers: Headers) -> tuple[Turn, ...]:
    found = list(headers.header.finditer(text))
    stops = [*(header.start() for header in found[1:]), len(text)]
    turns = []
    for header, stop in zip(found, stops, strict=True):
        body = text[header.end() : stop]
        cuts = [(at, end) for end in headers.ends if (at := body.find(end)) >= 0]
        content = body
        if cuts:
            at, end = min(cuts)
            content = body[:at]
            if not _FILLER.match(body, at + len(end)):
                raise InputError(f"text between the turns of a {headers.name} text", "only its turns")
        elif stop == len(text):
            content = without_end(body)
        else:  # a turn that only the next header ends; its line end is the template's
            content = body.removesuffix("\n")
        role = header[1].lower()
        if role not in _ROLES:
            raise InputError(f"a {headers.name} turn of {role!r}", f"one of {', '.join(_ROLES)}")
        message = Message(_ROLES[role], content.strip() if headers.strips else content)
        turns.append(Turn(message, bool(cuts) or stop != len(text) or content != body))
    return tuple(turns)


def _instruction_turns(text: str) -> tuple[Turn, ...]:
    """Llama 2 and Mistral: ``[INST] request [/INST] answer </s>``, the system prompt inside or before the first."""
    turns: list[Turn] = []
    if system := _SYSTEM_PROMPT.match(text):
        turns.append(Turn(Message("system", system[1].strip()), closed=True))
        text = text[system.end() :]
    place = 0
    for found in _INSTRUCTION.finditer(text):
        if found.start() != place:
            break
        place = found.end()
        request, answer = found[1], found[2]
        if (inner := _LLAMA_2_SYSTEM.match(request)) and not turns:
            turns.append(Turn(Message("system", inner[1].strip()), closed=True))
            request = request[inner.end() :]
        turns.append(Turn(Message("user", request.strip()), closed=True))
        more = place < len(text)
        begun = answer[: _stripped(answer, ("<s>",))] if more else answer
        said = without_end(begun)
        if "</s>" in said:
            raise InputError("text between the turns of an [INST] text", "only its turns")
        turns.append(Turn(Message("assistant", said.strip()), more or said != begun))
    if place != len(text) or not turns or turns[-1].message.role != "assistant":
        raise InputError("an [INST] text whose turns do not pair up", "[INST] request [/INST] answer")
    return tuple(turns)


def _plain_messages(text: str, plain: re.Pattern[str]) -> tuple[Message, ...]:
    found = list(plain.finditer(text))
    stops = [*(turn.start() for turn in found[1:]), len(text)]
    return tuple(
        Message(_ROLES[turn[1].lower()], text[turn.end() : stop]) for turn, stop in zip(found, stops, strict=True)
    )


def _open_last(messages: tuple[Message, ...]) -> tuple[Turn, ...]:
    return tuple(Turn(message, index < len(messages) - 1) for index, message in enumerate(messages))
