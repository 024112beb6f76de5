"""What orders say together: circles, and chains that add up."""

from __future__ import annotations

import pytest

from iirl_core.canonical import Digest, digest_json
from iirl_core.demonstration import Comparison, conversation
from iirl_core.norm.order_graph import Order, OrderGraph

SAID = Comparison(conversation("Is it?", "Yes."), conversation("Is it?", "No."))


def graph(*orders: str) -> OrderGraph:
    """``"n a>b 0.2"``: the norm n wants a to earn 0.2 more than b."""
    return OrderGraph([_order(*one.split()) for one in orders])


def _order(norm: str, sides: str, apart: str) -> Order:
    more, less = sides.split(">")
    return Order(norm, answer(more), answer(less), float(apart), SAID)


def answer(name: str) -> Digest:
    return digest_json(name)


def sides(orders: tuple[Order, ...]) -> list[str]:
    """As ``graph`` reads them, without norms."""
    name = {answer(letter): letter for letter in "abcdefgh"}
    return [f"{name[order.more]}>{name[order.less]}" for order in orders]


def test_where_nobody_goes_round_there_is_no_circle() -> None:
    assert graph("n a>b 0.1", "m b>c 0.1", "n a>c 0.1").circle("n") == ()


def test_a_circle_is_the_shortest_through_the_norms_first_order_that_is_in_one() -> None:
    together = graph("n h>a 0.1", "n a>b 0", "m b>f 0", "m b>c 0", "m c>d 0", "m d>a 0", "m f>a 0")
    found = together.circle("n")
    assert sides(found) == ["a>b", "b>f", "f>a"]
    assert [order.norm for order in found] == ["n", "m", "m"]


def test_a_circle_of_others_is_none_of_the_norms() -> None:
    together = graph("n a>b 0.1", "m b>c 0.1", "m c>b 0.1")
    assert together.circle("n") == ()
    assert sides(together.circle("m")) == ["b>c", "c>b"]


def test_the_chain_is_the_one_that_adds_up_to_most_not_the_longest() -> None:
    found = graph("n b>c 0.1", "m a>b 0.1", "m h>a 0.1", "m d>b 0.9", "m c>e 0.1", "m e>f 0.1", "m c>g 0.5").chain("n")
    assert sides(found) == ["d>b", "b>c", "c>g"]
    assert sum(order.apart for order in found) == pytest.approx(1.5)


def test_a_chain_goes_through_an_order_of_the_norm_even_where_others_lie_farther_apart() -> None:
    found = graph("n a>b 0.1", "n f>g 0.2", "m c>d 0.9", "m d>e 0.9").chain("n")
    assert sides(found) == ["f>g"]


def test_a_chain_may_take_several_orders_of_the_norm() -> None:
    assert sides(graph("n a>b 0.4", "n b>c 0.4", "n c>d 0.4").chain("n")) == ["a>b", "b>c", "c>d"]


def test_where_answers_lie_in_a_circle_no_chain_has_an_end() -> None:
    assert graph("n a>b 0.1", "m c>d 0.1", "m d>c 0.1").chain("n") == ()
