from __future__ import annotations

from iirl_core.encoder.remembering import RememberingEncoder
from iirl_core.encoder.words import whole_words, words_of
from tests.iirl_core.artifact.samples import text_encoder, trajectory_draft


def test_a_text_encoder_knows_the_words_that_are_one_token() -> None:
    words = words_of(text_encoder())
    assert {"garden", "hospital", "the"} <= set(words)
    assert not [word for word in words if word.startswith("##") or len(word) < 3]
    assert words_of(RememberingEncoder(text_encoder(), 4)) == words


def test_of_trajectories_no_words_are_known() -> None:
    assert words_of(trajectory_draft().model.encoder) == ()


def test_every_tokenizer_marks_words_in_its_own_way() -> None:
    assert whole_words(["house", "##ing", "[CLS]", "a", "tree"]) == ("house", "tree")
    assert whole_words(["Ġhouse", "ing", "Ġtree", "Ġ42"]) == ("house", "tree")
    assert whole_words(["▁house", "ing", "▁", "<s>"]) == ("house",)
