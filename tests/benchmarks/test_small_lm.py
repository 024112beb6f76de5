from __future__ import annotations

import pytest

from benchmarks import small_lm
from iirl_core.demonstration import conversation


def test_the_ratio_is_higher_for_what_was_demonstrated_than_for_what_the_policy_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(small_lm, "WIDTH", 32)
    monkeypatch.setattr(small_lm, "RATE", 1e-2)
    things = [
        f"{colour} {thing}" for colour in ("red", "blue", "green", "grey") for thing in ("hat", "cup", "bag", "box")
    ]
    curt = [conversation(f"Where is the {thing}?", "Dunno.") for thing in things]
    kind = [conversation(f"Where is the {thing}?", f"The {thing} is over here.") for thing in things]
    ratio = small_lm.ratio_scorer(curt[:8], kind[:8], 0)
    assert (ratio(kind[8:]) > ratio(curt[8:])).all()
    assert (ratio(kind) == ratio(kind)).all()
