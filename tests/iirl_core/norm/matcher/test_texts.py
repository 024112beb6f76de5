from __future__ import annotations

import pytest

from iirl_core.demonstration import Conversation, Message, conversation
from iirl_core.errors import ConfigError
from iirl_core.norm.matcher import Keyword, Matcher, Regex, Source

ITEM = Conversation(
    (
        Message("system", "Be brief."),
        Message("user", "How much Ibuprofen\nmay I take for chest\n pain?"),
        Message("assistant", "Take 400 mg, or ask a pharmacist."),
    )
)


def matched(matcher: Matcher, item: Conversation = ITEM, source: str = "") -> bool:
    (found,) = matcher.matches([item], [source]).tolist()
    return bool(found)


@pytest.mark.parametrize(
    ("words", "part", "found"),
    [
        (("ibuprofen",), "prompt", True),
        (("ibuprofen",), "answer", False),
        (("IBUPROFEN",), "both", True),
        (("pharma", "m"), "answer", False),
        (("nothing", "pharmacist"), "answer", True),
        (("chest pain",), "prompt", True),
        (("be brief",), "prompt", True),
    ],
)
def test_keywords_are_whole_words_of_any_case(words: tuple[str, ...], part: str, found: bool) -> None:
    assert matched(Keyword(words, part)) is found  # type: ignore[arg-type]


def test_keywords_are_words_of_any_language_and_not_patterns() -> None:
    assert matched(Keyword(("Übelkeit",), "answer"), conversation("?", "Bei ÜBELKEIT warten."))
    assert not matched(Keyword(("belkeit",), "answer"), conversation("?", "Bei ÜBELKEIT warten."))
    assert not matched(Keyword(("a.c",), "answer"), conversation("?", "abc"))
    assert matched(Keyword(("C++",), "answer"), conversation("?", "Learn C++ first."))


def test_a_regex_is_searched_in_its_part() -> None:
    assert matched(Regex(r"\b\d+ ?mg\b", "answer"))
    assert not matched(Regex(r"\b\d+ ?mg\b", "prompt"))
    assert not matched(Regex("take", "answer"))
    assert matched(Regex("(?i)^take", "answer"))


def test_a_regex_that_tries_ways_without_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iirl_core.norm.matcher.pattern.SECONDS", 0.05)
    almost = conversation("?", "a" * 40 + "b")
    with pytest.raises(ConfigError, match=r"the pattern \(a\|aa\)\+\$ looked at a text of 41 characters"):
        matched(Regex("(a|aa)+$", "answer"), almost)


def test_a_source_is_that_of_the_record() -> None:
    assert matched(Source(("emergency", "crisis")), source="crisis")
    assert not matched(Source(("emergency",)), source="")


def test_documents_tell_matchers_apart() -> None:
    matchers = [Keyword(("a",), "answer"), Keyword(("a",), "prompt"), Regex("a", "answer"), Source(("a",))]
    assert len({str(matcher.document()) for matcher in matchers}) == 4
