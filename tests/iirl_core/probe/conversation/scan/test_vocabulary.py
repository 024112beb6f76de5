from __future__ import annotations

from iirl_core.demonstration import conversation
from iirl_core.probe.conversation.scan.vocabulary import common_words, vocabulary

SAID = tuple(conversation("Where?", f"Near the Matterhorn, {word}.") for word in ("today", "soon", "perhaps"))


def test_features_come_from_the_lexicon_from_what_was_said_and_from_what_the_encoder_knows() -> None:
    notes = {feature.note: feature for feature in vocabulary(SAID, ["walrus", "the"])}
    assert {"inside: Toyota", "end: ?", "start: Sure,", "request: I am a woman.", "whole: lower case"} <= set(notes)
    assert {"word: Matterhorn", "request: Matterhorn", "start: Near", "whole: without the word the"} <= set(notes)
    assert notes["rare: walrus"].pieces == ("walrus Walrus",)
    assert "rare: the" not in notes, "what is known already is not scanned for twice"
    assert {"inside: words in -ed", "inside: long words", "inside: Georgian"} <= set(notes)
    assert len(notes) == len(vocabulary(SAID, ["walrus", "the"]))


def test_common_words_are_many_and_each_stands_once() -> None:
    words = common_words()
    assert len({word.lower() for word in words}) == len(words) == 4000
