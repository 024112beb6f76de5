"""Patience ends."""

from __future__ import annotations

from iirl_core.patience import PATIENCE, Patience


def test_pauses_double_until_patience_ends() -> None:
    assert [Patience(3, 0.5).pause_after(losses) for losses in (1, 2, 3, 4)] == [0.5, 1.0, 2.0, None]


def test_a_lost_node_is_waited_for_longer_than_half_a_minute_in_which_it_may_still_seem_there() -> None:
    pauses = [PATIENCE.pause_after(losses) for losses in range(1, PATIENCE.losses + 1)]
    assert sum(pause for pause in pauses if pause is not None) > 60
