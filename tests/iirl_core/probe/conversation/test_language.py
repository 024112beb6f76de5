from __future__ import annotations

import numpy as np
import pytest

from iirl_core.demonstration import Conversation, conversation
from iirl_core.probe import Material
from iirl_core.probe.conversation import language
from iirl_core.probe.conversation.tongues import language_of, languages
from tests.iirl_core.probe.conversation.samples import edited_by

ADVICE = "Please call Dr. Lang now, and do not take more than two tablets a day. You can ask us at any time."
GERMAN = "Bitte nehmen Sie nicht mehr als zwei am Tag, und sagen Sie uns morgen, wie es ist."


@pytest.mark.parametrize("tongue", [one for one in languages() if one != "English"])
def test_word_for_word_an_answer_changes_its_language_and_keeps_what_it_is_about(tongue: str) -> None:
    edited = str(edited_by(language.EDITS[f"{tongue}, word for word"], ADVICE))
    assert language_of(edited) == tongue
    assert "Lang" in edited
    assert "tablets" in edited
    assert {"please", "now", "not"}.isdisjoint(edited.casefold().split())


def test_a_gloss_is_made_from_any_of_the_languages_that_sets_its_words_apart() -> None:
    english = str(edited_by(language.EDITS["English, word for word"], GERMAN))
    assert language_of(english) == "English"
    assert english.casefold().startswith("please take you not more than two")


@pytest.mark.parametrize("text", [GERMAN, "42", "Lorem ipsum dolor sit amet."])
def test_nothing_is_glossed_into_its_own_language_or_from_one_that_is_not_known(text: str) -> None:
    assert edited_by(language.EDITS["German, word for word"], text) is None


@pytest.mark.parametrize(("tongue", "said"), [*language.REFUSALS.items()])
def test_the_languages_of_whole_sentences_are_told_apart(tongue: str, said: str) -> None:
    assert language_of(said) == tongue


def test_a_refusal_comes_in_a_language_that_the_answer_is_not_in() -> None:
    for number in range(20):
        one, rng = conversation("q", GERMAN), np.random.default_rng(number)
        refused = language.EDITS["refused in another"](one, rng, Material((one,)))
        assert refused in language.REFUSALS.values()
        assert refused != language.REFUSALS["German"]
    assert edited_by(language.EDITS["refused in another"], "I am sorry, but I cannot do that.") is None


def test_the_last_sentence_alone_is_glossed() -> None:
    first, last = "It is on its way.", "Please do not call before we have called you."
    edited = str(edited_by(language.EDITS["last sentence in another"], f"{first} {last}"))
    assert edited.startswith(f"{first} ")
    assert language_of(edited.removeprefix(first)) not in (None, "English")


def test_an_answer_of_the_corpus_is_taken_from_another_language() -> None:
    def taken(one: Conversation, *others: Conversation) -> str | None:
        edit = language.EDITS["a demonstration in another"]
        return edit(one, np.random.default_rng(0), Material((one, *others)))

    english, more, german = conversation("q", ADVICE), conversation("p", "It is here."), conversation("r", GERMAN)
    assert taken(english, more, german) == GERMAN
    assert taken(english, more) is None
    assert taken(conversation("q", "42"), german) is None, "whose language nobody knows"
