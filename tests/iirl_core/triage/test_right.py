"""What people say is right of a finding, where several speak."""

from __future__ import annotations

from dataclasses import replace

from iirl_core.triage import Right, Said, Withdrawn, rights
from tests.iirl_core.triage.words import word


def wanting(by: str, finding: str, **right: object) -> Said:
    said = word(by, finding, "flaw")
    return replace(said, label=replace(said.label, **right))  # type: ignore[arg-type]


def test_the_median_reward_and_the_order_that_all_give_are_right() -> None:
    rewards = [wanting(name, "f", reward=reward) for name, reward in (("ann", 0.1), ("bob", 0.9), ("cy", 0.2))]
    orders = [wanting(name, "g", order="equal") for name in ("ann", "bob")]
    assert rights([*rewards, *orders, word("ann", "h", "flaw")], ()) == {
        "f": Right(reward=0.2),
        "g": Right(order="equal"),
    }


def test_voices_on_both_sides_of_known_good_give_no_right_reward_until_one_side_has_more() -> None:
    said = [wanting("ann", "f", reward=0.1), wanting("bob", "f", reward=0.9)]
    assert rights(said, ()) == {}
    assert rights([*said, wanting("cy", "f", reward=0.7)], ()) == {"f": Right(reward=0.7)}
    assert rights(said, [Withdrawn("l-bob-f-0", "bob")]) == {"f": Right(reward=0.1)}
    together = [wanting("ann", "g", reward=0.5), wanting("bob", "g", reward=0.9)]
    assert rights(together, ()) == {"g": Right(reward=0.7)}


def test_two_orders_are_no_right_one_until_somebody_takes_theirs_back() -> None:
    said = [wanting("ann", "f", order="equal"), wanting("bob", "f", order="original")]
    assert rights(said, ()) == {}
    assert rights(said, [Withdrawn("l-ann-f-0", "ann")]) == {"f": Right(order="original")}


def test_a_label_that_spread_says_nothing_of_what_is_right_there() -> None:
    said = wanting("ann", "f", reward=0.3)
    assert rights([replace(said, label=replace(said.label, cluster="c", spread=(("g", 0.9),)))], ()).keys() == {"f"}
