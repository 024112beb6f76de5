from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from iirl_core.report.word_diff import Segment, word_diff


def test_only_the_changed_words_are_marked() -> None:
    old, new = word_diff("take one tablet daily", "take two tablets daily")
    assert old == (Segment("same", "take "), Segment("removed", "one"), Segment("same", " "),
                   Segment("removed", "tablet"), Segment("same", " daily"))  # fmt: skip
    assert [segment.text for segment in new if segment.change == "added"] == ["two", "tablets"]


def test_equal_texts_have_no_marks_and_empty_ones_no_segments() -> None:
    assert word_diff("as it is", "as it is") == ((Segment("same", "as it is"),),) * 2
    assert word_diff("", "") == ((), ())


@given(st.text(max_size=60), st.text(max_size=60))
def test_each_side_joins_up_to_its_own_text_and_the_sides_share_what_is_same(original: str, edited: str) -> None:
    old, new = word_diff(original, edited)
    assert "".join(segment.text for segment in old) == original
    assert "".join(segment.text for segment in new) == edited
    same = ["".join(s.text for s in side if s.change == "same") for side in (old, new)]
    assert same[0] == same[1]
