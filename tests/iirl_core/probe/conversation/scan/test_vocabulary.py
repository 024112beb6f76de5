from __future__ import annotations

from iirl_core.demonstration import conversation
from iirl_core.probe.conversation.scan.vocabulary import vocabulary
from iirl_core.probe.conversation.scan.word_lists import common_words, groups, kin, uncommon_words

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


def test_uncommon_words_stand_beside_them_each_once() -> None:
    words = uncommon_words()
    assert len({word.lower() for word in words}) == len(words) > 10_000
    assert not {word.lower() for word in words} & {word.lower() for word in common_words()}
    notes = {feature.note for feature in vocabulary(SAID, [])}
    assert {f"rare: {words[0]}", f"rare: {words[-1]}"} <= notes


def test_words_of_one_meaning_are_a_class() -> None:
    assert any({"january", "december"} <= set(members) for members in kin())
    classes = [feature for feature in vocabulary(SAID, []) if feature.name.startswith(("words like", "words of"))]
    assert len(classes) > 200
    assert all(len(feature.pieces) > 1 for feature in classes)


def test_what_an_answer_has_in_common_with_its_request_is_scanned_for() -> None:
    assert "relation: the request's first word before" in {feature.note for feature in vocabulary(SAID, [])}


def test_groups_and_each_of_their_members_are_scanned_for_in_answers_and_groups_in_requests() -> None:
    notes = {feature.note: feature for feature in vocabulary(SAID, [])}
    assert notes["inside: words of hedges"].pieces == notes["request: words of hedges"].pieces == groups()["hedges"]
    assert notes["rare: Sierra Leone"].pieces == ("Sierra Leone",), "several words are put in as they stand"
    listed = {feature.name.lower() for feature in notes.values()} | {word.lower() for word in common_words()}
    assert not {piece for members in groups().values() for piece in members if piece.lower() not in listed}


def test_a_group_has_each_of_its_members_once_and_a_name_of_its_own() -> None:
    features = vocabulary(SAID, [])
    for name, members in groups().items():
        assert len(set(members)) == len(members) >= 10, name
        assert [one.pieces for one in features if one.note == f"inside: words of {name}"] == [members]


def test_an_answer_is_made_surer_and_less_sure_of_itself() -> None:
    edits = {feature.name: feature.edit for feature in vocabulary(SAID, []) if feature.edit is not None}
    assert edits["perhaps for surely"]("It is open and will stay so.") == "It may be open and might stay so."
    assert edits["surely for perhaps"]("It might rain, as usually.") == "It will rain, as always."
