"""What each family that edits answers does to them, edit by edit."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pytest

from iirl_core.demonstration import Conversation, Message, conversation
from iirl_core.probe import FAMILIES, Material
from iirl_core.probe.conversation import (
    EDITED,
    echo,
    gaming,
    order,
    refusal,
    truncation,
)
from iirl_core.probe.conversation.edited import Edited, of_answer
from tests.iirl_core.probe.conversation.samples import BAD, GOOD, edited_by, material, seed, texts

TEXT = (
    'Dr. Lang said "yes" to that. It is open on 12 May, and Anna\'s file may be ready. Please do not call before 9:30.'
)
EDITS = [(family.name, note) for family in EDITED for note in family.edits]


def edit(name: str, note: str, text: str = TEXT) -> str | None:
    return edited_by(next(family for family in EDITED if family.name == name).edits[note], text)


ELSEWHERE = (
    ("refusal", "complied"),
    ("language", "English, word for word"),
    ("language", "a demonstration in another"),
)
"""They need a refusal, or a text in another language."""


@pytest.mark.parametrize(("name", "note"), [pair for pair in EDITS if pair not in ELSEWHERE])
def test_every_edit_changes_an_answer_that_gives_it_something_to_change(name: str, note: str) -> None:
    edited = edit(name, note)
    assert edited is not None
    assert edited != TEXT


@pytest.mark.parametrize(("name", "note"), EDITS)
@pytest.mark.parametrize("text", ["", " ", "Ok", "…"])
def test_tiny_answers_break_no_edit(name: str, note: str, text: str) -> None:
    edited = edit(name, note, text)
    assert edited is None or isinstance(edited, str)


@pytest.mark.parametrize("family", EDITED, ids=lambda family: family.name)
def test_every_edit_of_a_family_has_its_turn(family: Edited) -> None:
    demonstrations = (
        conversation("May I?", "I am sorry, but I cannot do that. It is 5 now."),
        conversation("Hm?", TEXT),
        conversation("Darf ich?", "Ja, das ist gut, und Sie sagen uns bitte bis morgen, wann es für Sie gut ist."),
        *GOOD,
    )
    probes = family.probes(seed(family.name), 40 * len(family.edits), Material(demonstrations, BAD))
    assert {probe.note for probe in probes} == set(family.edits)
    assert all(texts(probe)[0] != texts(probe)[1] for probe in probes)


def test_an_edit_with_nothing_to_change_leaves_its_turn_to_the_next() -> None:
    family = Edited("odd", {"never": of_answer(lambda _: None), "same": of_answer(str), "loud": of_answer(str.upper)})
    probes = family.probes(seed("odd"), 9, material())
    assert [probe.note for probe in probes] == ["loud"] * 9
    assert Edited("idle", {"never": of_answer(lambda _: None)}).probes(seed("idle"), 9, material()) == []


def letters(text: str) -> str:
    return re.sub(r"[\s\u200b]", "", text)


@pytest.mark.parametrize("note", ["double spaces", "no-break spaces", "zero-width spaces"])
def test_spacing_changes_no_letter(note: str) -> None:
    edited = edit("surface", note)
    assert edited is not None
    assert letters(edited) == letters(TEXT)


def test_look_alikes_are_other_letters_of_the_same_shape() -> None:
    edited = edit("surface", "look-alike letters")
    assert edited is not None
    assert len(edited) == len(TEXT)
    changed = [(old, new) for old, new in zip(TEXT, edited, strict=True) if old != new]
    assert changed
    assert all("CYRILLIC" in unicodedata.name(new) and "LATIN" in unicodedata.name(old) for old, new in changed)


@pytest.mark.parametrize("note", ["letters swapped", "letters dropped", "letters doubled"])
def test_a_slip_is_inside_a_word_and_few_words_have_one(note: str) -> None:
    edited = edit("surface", note)
    assert edited is not None
    pairs = list(zip(TEXT.split(), edited.split(), strict=True))
    assert sum(old != new for old, new in pairs) in (0, 1, 2)
    assert all(old[0] == new[0] and abs(len(old) - len(new)) <= 1 for old, new in pairs)


@pytest.mark.parametrize("note", order.EDITS)
def test_order_keeps_every_word(note: str) -> None:
    edited = edit("order", note)
    assert edited is not None
    assert sorted(edited.split()) == sorted(TEXT.split())


@pytest.mark.parametrize("note", truncation.EDITS)
def test_truncation_leaves_a_prefix(note: str) -> None:
    edited = edit("truncation", note)
    assert edited is not None
    assert TEXT.startswith(edited)
    assert len(edited) < len(TEXT)


@pytest.mark.parametrize("name", ["flattery", "citations", "injection"])
def test_manners_keep_the_answer_sentence_by_sentence(name: str) -> None:
    for note in next(family for family in EDITED if family.name == name).edits:
        edited = edit(name, note)
        assert edited is not None
        place = 0
        for sentence in ("It is open on 12 May, and Anna's file may be ready.", "Please do not call before 9:30."):
            place = edited.index(sentence.removesuffix("."), place)


@pytest.mark.parametrize("note", gaming.EDITS)
def test_gaming_looks_at_no_request(note: str) -> None:
    said = {edited_by(gaming.EDITS[note], text) for text in (TEXT, "Other.", "")}
    assert len(said) == 1


def test_certainty_takes_the_hedges_away() -> None:
    assert "file will be ready" in str(edit("confidence", "hedges gone"))
    assert edit("confidence", "hedges gone", "It is so.") == "It is so."


def test_vagueness_takes_numbers_and_names_away_but_no_first_word() -> None:
    assert not re.search(r"\d", str(edit("vagueness", "numbers gone")))
    named = str(edit("vagueness", "names gone"))
    assert "Anna" not in named
    assert "Please do not call" in named


def test_contradiction_negates_affirms_and_recounts() -> None:
    assert edit("contradiction", "negated", "It is open.") == "It is not open."
    assert edit("contradiction", "negated", "It is not open.") is None
    assert edit("contradiction", "a negation gone", "Do not go. It isn't on.") in (
        "Do go. It isn't on.",
        "Do not go. It is on.",
    )
    assert edit("contradiction", "numbers changed", "Nothing to count.") is None
    recounted = str(edit("contradiction", "numbers changed", "On 12 May at 9:30."))
    assert re.fullmatch(r"On [02-9][013-9] May at [0-8]:[0-24-9][1-9]\.", recounted)


def test_a_refusal_is_answered_by_compliance_and_the_other_way_round() -> None:
    no = "I'm sorry, but I can’t do that."
    assert edit("refusal", "refused", no) is None
    assert edit("refusal", "complied", no) in refusal.WILLING
    assert edit("refusal", "refused") in refusal.REFUSALS
    assert edit("refusal", "complied") is None


def test_echo_says_the_last_request_again() -> None:
    one = Conversation(
        tuple(
            Message(role, text)
            for role, text in (("user", "A?"), ("assistant", "b"), ("user", "C?"), ("assistant", "d"))
        )
    )
    said = {note: change(one, np.random.default_rng(0), material()) for note, change in echo.EDITS.items()}
    assert said["the request alone"] == "C?"
    assert said["the request, then the answer"] == "C?\n\nd"
    alone = Conversation((Message("assistant", "{answer} d"),))
    assert {change(alone, np.random.default_rng(0), material()) for change in echo.EDITS.values()} == {None}


def test_concatenation_brings_another_answer_and_careless_ones_from_probe_corpora_alone() -> None:
    probes = FAMILIES["concatenation"].probes(seed("concatenation"), 40, material())
    good, bad = {one.answer for one in GOOD}, {one.answer for one in BAD}
    for probe in probes:
        original, edited = texts(probe)
        (rest,) = [part for part in edited.split("\n\n") if part != original]
        assert rest in (bad if "careless" in probe.note else good)
    notes = {probe.note for probe in FAMILIES["concatenation"].probes(seed("concatenation"), 40, Material(GOOD))}
    assert notes == {"another answer after", "another answer before"}


def test_content_forges_no_turn() -> None:
    """However an injected answer looks, it is one answer of the same conversation."""
    for probe in FAMILIES["injection"].probes(seed("injection"), 40, material()):
        original, edited = probe.inputs
        assert isinstance(original, Conversation)
        assert isinstance(edited, Conversation)
        assert edited.context == original.context
        assert len(edited.messages) == len(original.messages)
