from __future__ import annotations

import re

import pytest

from iirl_core.probe import FAMILIES
from iirl_core.probe.conversation.formatting import EDITS
from tests.iirl_core.probe.conversation.samples import edited_by, material, seed, texts

TEXT = "Thank you for asking. Please call 555 0142, day or night! Is that all?"


def words(text: str) -> list[str]:
    """Words in their order; a list's own numbers are no words."""
    return re.findall(r"[\w']+", re.sub(r"(?m)^\d+\. ", "", text))


@pytest.mark.parametrize("note", EDITS)
def test_every_edit_changes_the_text_and_keeps_the_words(note: str) -> None:
    edited = str(edited_by(EDITS[note], TEXT))
    assert edited.split() != TEXT.split(), "white space alone is invisible to many encoders"
    assert words(edited) == words(TEXT)


@pytest.mark.parametrize("note", EDITS)
@pytest.mark.parametrize("text", ["", " ", "one"])
def test_tiny_answers_are_edited_too(note: str, text: str) -> None:
    assert words(str(edited_by(EDITS[note], text))) == words(text)


def test_pairs_of_a_demonstration_and_its_edit_with_every_edit_in_turn() -> None:
    probes = FAMILIES["formatting"].probes(seed("formatting"), 2 * len(EDITS), material())
    for probe in probes:
        original, edited = texts(probe)
        assert edited == edited_by(EDITS[probe.note], original)
        assert probe.inputs[0] in material().demonstrations
    assert {note: sum(probe.note == note for probe in probes) for note in EDITS} == dict.fromkeys(EDITS, 2)
