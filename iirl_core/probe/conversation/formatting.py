"""Formatting: the same words, set in another way. A reward for words must not move (CheckList's invariance).

No edit is of white space alone: many encoders do not see it, and where both read alike nothing is asked.
"""

from __future__ import annotations

from collections.abc import Callable

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


SETTINGS: dict[str, Callable[[str], str]] = {
    "bulleted list": _bullets,
    "numbered list": _numbers,
    "bold": _bold,
    "heading": _heading,
    "italics": _italics,
    "table": _table,
    "rules": _rules,
    "quotation": _quote,
    "emoji": _emoji,
}
"""By note; each keeps every word and their order."""
EDITS: dict[str, Edit] = {note: of_answer(setting) for note, setting in SETTINGS.items()}
FAMILY = Edited("formatting", EDITS)
