from __future__ import annotations

from typing import Any

import pytest

from iirl_core.errors import InputError, Tampered
from iirl_core.signing import Fields, Label, Word


@pytest.mark.parametrize(
    ("word", "told", "message"),
    [
        ("unsure", {"reward": 0.1}, "right reward or order"),
        ("not a flaw", {"because": "fine", "order": "equal"}, "right reward or order"),
        ("flaw", {"threshold": 0.3}, "threshold with the label 'flaw'"),
        ("not a flaw", {"because": "  "}, "why the norm is wrong here"),
        ("unsure", {"spread": (("f-2", 0.5),)}, "'unsure' that spreads"),
        ("flaw", {"reward": 1.2}, r"a number in \[0, 1\]"),
        ("flaw", {"reward": float("nan")}, r"a number in \[0, 1\]"),
        ("not a flaw", {"because": "fine", "threshold": 2.0}, r"a number in \[-1, 1\]"),
        ("flaw", {"spread": (("f-2", 0.0),)}, r"a number in \(0, 1\]"),
    ],
)
def test_what_does_not_belong_to_a_label_is_refused(word: Word, told: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Label("f-1", word, **told)


def test_a_label_that_could_not_have_been_given_is_not_believed() -> None:
    document = Fields("a label", {"finding": "f-1", "label": "not a flaw"})
    with pytest.raises(Tampered, match="'not a flaw' without a reason"):
        Label.from_fields(document)
    with pytest.raises(Tampered, match="one of flaw, not a flaw, unsure"):
        Label.from_fields(Fields("a label", {"finding": "f-1", "label": "fine"}))
