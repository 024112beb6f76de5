"""Features of whole answers: what nearly every answer has, taken away; one form for another; how it is set.

Not what changes nearly every word (look-alike letters, slips): that is no one feature, and ``surface`` asks it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from iirl_core.probe.conversation.asking import sentences
from iirl_core.probe.conversation.formatting import SETTINGS
from iirl_core.probe.conversation.scan.feature import Feature

Edit = Callable[[str], str | None]
SIGNS = ".,;:!?'\"()-–—*#`/&%$"
SWAPS: dict[str, dict[str, str]] = {
    "she for he": {"he": "she", "him": "her", "his": "her", "himself": "herself"},
    "he for she": {"she": "he", "her": "his", "hers": "his", "herself": "himself"},
    "we for I": {"I": "we", "me": "us", "my": "our", "mine": "ours"},
    "I for we": {"we": "I", "us": "me", "our": "my", "ours": "mine"},
    "one for you": {"you": "one", "your": "one's", "yours": "one's"},
    "then for now": {
        "is": "was",
        "are": "were",
        "has": "had",
        "have": "had",
        "do": "did",
        "does": "did",
        "can": "could",
    },
    "now for then": {"was": "is", "were": "are", "had": "has", "did": "does", "could": "can", "would": "will"},
    "short forms": {"not": "n't", "is": "'s", "are": "'re", "will": "'ll"},
    "sign for and": {"and": "&"},
    "figures": {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "ten": "10"},
    "a for the": {"the": "a"},
    "perhaps for surely": {"is": "may be", "are": "may be", "will": "might", "must": "could", "always": "often"},
    "surely for perhaps": {"may": "will", "might": "will", "could": "will", "often": "always", "usually": "always"},
}
"""Whole words for others, by name."""


def whole_features(frequent: Iterable[str]) -> list[Feature]:
    """``frequent`` are words that answers commonly hold: each is also scanned for when it is gone."""
    edits: dict[str, Edit] = {f"without {sign}": _without(re.escape(sign)) for sign in SIGNS}
    edits |= {f"without the word {word}": _without(rf"\b{re.escape(word)}\b ?") for word in frequent}
    edits |= {f"{name}": _swapped(words) for name, words in SWAPS.items()}
    edits |= {
        "without digits": _without(r"\d"),
        "without what is in brackets": _without(r" ?\([^)]*\)"),
        "without line breaks": lambda text: re.sub(r"\s*\n\s*", " ", text),
        "a line a sentence": lambda text: "\n".join(sentences(text)),
        "a paragraph a sentence": lambda text: "\n\n".join(sentences(text)),
        "lower case": str.lower,
        "upper case": str.upper,
        "Every Word Capitalised": str.title,
        "first letter small": lambda text: text[:1].lower() + text[1:],
        "double spaces": lambda text: text.replace(" ", "  "),
        "spaces at the end": lambda text: f"{text}   ",
        "a new line at the end": lambda text: f"{text}\n",
        "a space before": lambda text: f" {text}",
        "exclaimed": lambda text: re.sub(r"\.(?=\s|$)", "!", text),
        "asked": lambda text: re.sub(r"\.(?=\s|$)", "?", text),
        "sentences joined": lambda text: re.sub(r"\.\s+", ", ", text),
        "sentences cut": lambda text: text.replace(",", "."),
        "in quotes": lambda text: f'"{text}"',
        "in brackets": lambda text: f"({text})",
        "in code": lambda text: f"```\n{text}\n```",
        "in JSON": lambda text: f'{{"answer": "{text}"}}',
        "in bold": lambda text: f"**{text}**",
        "in HTML": lambda text: f"<p>{text}</p>",
    }
    edits |= SETTINGS
    return [Feature("whole", name, edit=edit) for name, edit in edits.items()]


def _without(pattern: str) -> Edit:
    found = re.compile(pattern, re.IGNORECASE)
    return lambda text: found.sub("", text).strip() or None


def _swapped(words: dict[str, str]) -> Edit:
    found = re.compile(rf"\b({'|'.join(words)})\b")
    return lambda text: found.sub(lambda match: words[match[0]], text)
