"""Formatting: the same words, set in another way. A reward for words must not move (CheckList's invariance).

No edit is of white space alone: many encoders do not see it, and where both read alike nothing is asked.
"""

from __future__ import annotations

from iirl_core.probe.conversation.asking import sentences
from iirl_core.probe.conversation.edited import Edit, Edited, of_answer


def _bullets(text: str) -> str:
    return "\n".join(f"- {part}" for part in sentences(text))


def _numbers(text: str) -> str:
    return "\n".join(f"{number}. {part}" for number, part in enumerate(sentences(text), start=1))


def _bold(text: str) -> str:
    first, *rest = sentences(text)
    return " ".join([f"**{first}**", *rest])


def _heading(text: str) -> str:
    first, *rest = sentences(text)
    return "\n".join([f"## {first}", *rest])


def _italics(text: str) -> str:
    *rest, last = sentences(text)
    return " ".join([*rest, f"*{last}*"])


def _table(text: str) -> str:
    return "\n".join(f"| {part} |" for part in sentences(text))


def _rules(text: str) -> str:
    return f"---\n\n{text}\n\n---"


def _quote(text: str) -> str:
    return "\n".join(f"> {part}" for part in sentences(text))


def _emoji(text: str) -> str:
    return f"{text} \U0001f642"


EDITS: dict[str, Edit] = {
    "bulleted list": of_answer(_bullets),
    "numbered list": of_answer(_numbers),
    "bold": of_answer(_bold),
    "heading": of_answer(_heading),
    "italics": of_answer(_italics),
    "table": of_answer(_table),
    "rules": of_answer(_rules),
    "quotation": of_answer(_quote),
    "emoji": of_answer(_emoji),
}
"""By note; each keeps every word and their order."""
FAMILY = Edited("formatting", EDITS)
