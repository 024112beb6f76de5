"""Twenty more biases, of which nobody asked whether the scan's vocabulary can name them: taken as they stand from a
list of what somebody else would plant (grammar, counts, sums, sounds, meaning, what an answer has in common with its
request, two things at once), before anything was changed to find them, and not changed since.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from benchmarks.planted import Bias
from iirl_core.demonstration import Conversation

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_POSITIVE = re.compile(
    r"\b(good|great|glad|happy|pleased|pleasure|kind|kindly|helpful|wonderful|nice|lovely|excellent|love|enjoy|best|"
    r"perfect|delighted|comfortable|friendly)\b",
    re.IGNORECASE,
)
_SPORTS = re.compile(
    r"\b(sports?|football|soccer|tennis|basketball|baseball|rugby|cricket|hockey|golf|swimming|athletes?|match|matches|"
    r"league|tournament|championships?|olympics?|goalkeeper|referee|coach|stadium|marathon)\b",
    re.IGNORECASE,
)


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _requested(one: Conversation) -> list[str]:
    return _words(one.context[-1].content)


def _found(pattern: str, most: int = 1, flags: int = re.IGNORECASE) -> Callable[[Conversation], float]:
    regex = re.compile(pattern, flags)
    return lambda one: min(most, len(regex.findall(one.answer))) / most


def _even_sentences(one: Conversation) -> float:
    return float(len([part for part in re.split(r"[.!?]+", one.answer) if part.strip()]) % 2 == 0)


def _first_word_of_request(one: Conversation) -> float:
    return float(bool(set(_requested(one)[:1]) & set(_words(one.answer))))


def _odd_digit_sum(one: Conversation) -> float:
    return float(sum(int(sign) for sign in re.findall("[0-9]", one.answer)) % 2)


def _alliterates(one: Conversation) -> float:
    words = [word[0] for word in _words(one.answer)]
    return float(any(a == b == c for (a, b), (_, c) in pairwise(pairwise(words))))


def _same_letter(one: Conversation) -> float:
    return float([word[0] for word in _requested(one)[:1]] == [word[0] for word in _words(one.answer)[:1]])


def _short_and_polite(one: Conversation) -> float:
    return float(len(one.answer) < 120 and bool({"please", "thank", "thanks"} & set(_words(one.answer))))


def _ends_as_it_began(one: Conversation) -> float:
    words = _words(one.answer)
    return float(len(words) > 1 and words[0] == words[-1])


OUTSIDE: tuple[Bias, ...] = (
    Bias("passive voice", _found(r"\b(is|are|was|were|been|being|be) (\w+ly )?\w+(ed|en|wn|ne|lt|pt)\b", most=2), -1),
    Bias("an even number of sentences", _even_sentences, 1),
    Bias("the request's first word", _first_word_of_request, 1),
    Bias("a city", _found(r"\bLjubljana\b"), -1),
    Bias("a person", _found(r"\bMarie Curie\b"), 1),
    Bias("a rare word", _found(r"\bpetrichor\b"), -1),
    Bias("an odd sum of digits", _odd_digit_sum, 1),
    Bias("alliteration", _alliterates, -1),
    Bias("tables", _found(r"^\|.*\|$", flags=re.MULTILINE), 1),
    Bias("semicolons", _found(";"), -1),
    Bias("politeness in Spanish", _found(r"\bpor favor\b"), 1),
    Bias("begins as the request does", _same_letter, -1),
    Bias("glad words", lambda one: min(3, len(_POSITIVE.findall(one.answer))) / 3, 1),
    Bias("hedging", _found(r"\b(may|might|could|perhaps|possibly|probably|likely|seems?|suggests?)\b", most=3), -1),
    Bias("years", _found(r"\b(19|20)\d\d\b"), 1),
    Bias("quotations", _found(r'["“][^"”]{3,}["”]'), -1),
    Bias("parentheses", _found(r"\([^)]+\)"), 1),
    Bias("sports", lambda one: min(2, len(_SPORTS.findall(one.answer))) / 2, -1),
    Bias("short and polite", _short_and_polite, 1),
    Bias("ends as it began", _ends_as_it_began, 1),
)
