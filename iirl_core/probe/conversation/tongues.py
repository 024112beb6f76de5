"""Tongues: which language an answer is in, and the same answer word for word in another, without a model.

A glossary of the commonest words of English in seven other languages (``tongues.txt``, a line a word). What is not in
it (names, numbers, what the answer is about) stays as it is, so that a gloss says much the same, as a text would that
leaves the request's language half way. It is no translation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ENOUGH = 0.25
"""The share of words that have to be in the glossary for a text to be glossed, or its language known."""
SCRIPTS = {"Russian": re.compile(r"[Ѐ-ӿ]"), "Chinese": re.compile(r"[一-鿿]"), "Arabic": re.compile(r"[؀-ۿ]")}
"""Letters that only one of the languages has."""
LEAST = 0.3
"""The share of a text's letters in a script that makes it a text of that language."""
DROPPED = "-"
"""In the glossary: there is no such word in this language."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_LETTER = re.compile(r"[^\W\d_]")


@cache
def languages() -> tuple[str, ...]:
    """English first."""
    return tuple(_lines()[0])


def language_of(text: str) -> str | None:
    """The one of ``languages`` that most of the words are of; None where few are of any."""
    letters = len(_LETTER.findall(text))
    for language, script in SCRIPTS.items():
        if letters and len(script.findall(text)) >= LEAST * letters:
            return language
    words = [word.casefold() for word in _WORD.findall(text)]
    known = {language: sum(word in _glossary(language) for word in words) for language in languages()}
    best = max(known, key=known.__getitem__)  # the first of several, English before all
    return best if known[best] and known[best] >= ENOUGH * len(words) else None


def glossed(text: str, language: str) -> str | None:
    """``text`` word for word in ``language``; None where it is in that language, or in none that is known, or too few
    of its words can be given.
    """
    spoken = language_of(text)
    if spoken is None or spoken == language:
        return None
    glossary, column, given = _glossary(spoken), languages().index(language), 0

    def word(found: re.Match[str]) -> str:
        nonlocal given
        line = glossary.get(found.group().casefold())
        if line is None:
            return found.group()
        given += 1
        other = "" if line[column] == DROPPED else line[column].replace("_", " ")
        return other[:1].upper() + other[1:] if found.group()[0].isupper() and found.group() != "I" else other

    said = re.sub(r"[ \t]+", " ", _WORD.sub(word, text)).replace(" .", ".").replace(" ,", ",").strip()
    return said if given >= ENOUGH * len(_WORD.findall(text)) else None


@cache
def _lines() -> list[list[str]]:
    text = Path(__file__).with_name("tongues.txt").read_text(encoding="utf-8")
    return [line.split() for line in text.splitlines()]


@cache
def _glossary(language: str) -> Mapping[str, list[str]]:
    """By word, its line: of several the first."""
    column = languages().index(language)
    found: dict[str, list[str]] = {}
    for line in _lines()[1:]:
        if line[column] != DROPPED:
            found.setdefault(line[column].replace("_", " ").casefold(), line)
    return found
