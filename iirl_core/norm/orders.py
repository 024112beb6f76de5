"""Orders: which answer earns more, by the comparisons of all agreements together; and where no reward can follow them.

None can where answers are preferred in a circle (a before b, b before c, c before a), whatever the thresholds are: who
means that answers earn the same writes an invariance. Nor where a chain of answers has to lie farther apart, from its
first to its last, than rewards can, which lie in [0, 1].
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter

import numpy as np

from iirl_core.canonical import Digest
from iirl_core.corpus.identity import identity_of, plain_identity
from iirl_core.demonstration import Comparison
from iirl_core.norm.norm import Norm

SHOWN = 60
"""Characters of a text."""
ROUNDING = 1e-9
"""By how much thresholds that sum up to 1 may exceed it."""


@dataclass(frozen=True)
class Order:
    """``norm`` wants ``more`` to earn at least ``apart`` more than ``less``, because ``comparison`` says so."""

    norm: str
    more: Digest
    less: Digest
    apart: float
    comparison: Comparison


@dataclass(frozen=True)
class Clash:
    """The ids of the ``norms`` that cannot all hold, each once, and why not."""

    norms: tuple[str, ...]
    why: str


def orders_of(norm: Norm) -> list[Order]:
    """One a comparison."""
    return [Order(norm.id, *sides_of(each), norm.threshold, each) for _, each in norm.comparisons]


def sides_of(comparison: Comparison) -> tuple[Digest, Digest]:
    """Chosen and rejected by what they say; case and white space count only where nothing else tells them apart."""
    chosen, rejected = comparison.chosen, comparison.rejected
    plain = plain_identity(chosen.messages), plain_identity(rejected.messages)
    return plain if plain[0] != plain[1] else (identity_of(chosen), identity_of(rejected))


def clash_of(orders: Sequence[Order], norm: str) -> Clash | None:
    """A circle through an order of ``norm``, or a chain with one of them that is too long; None: a reward can follow
    all ``orders``, or those that it cannot follow are none of ``norm``.
    """
    known = _Known(orders)
    if circle := known.circle(norm):
        return Clash(_norms(circle), _circular(circle))
    chain = known.chain
    apart = sum(order.apart for order in chain)
    if apart <= 1 + ROUNDING or norm not in _norms(chain):
        return None
    ends = f"{_quoted(chain[0].comparison.chosen.answer)} down to {_quoted(chain[-1].comparison.rejected.answer)}"
    told = f"{len(chain)} comparisons lead from {ends}, and want {apart:g} between them, while rewards lie in [0, 1]"
    return Clash(_norms(chain), told)


@dataclass(frozen=True)
class _Known:
    """What orders say together."""

    orders: Sequence[Order]

    @cached_property
    def below(self) -> Mapping[Digest, list[Order]]:
        """By answer, the orders in which it is the one that earns more."""
        found: dict[Digest, list[Order]] = {}
        for order in self.orders:
            found.setdefault(order.more, []).append(order)
        return found

    @cached_property
    def knots(self) -> Mapping[Digest, int]:
        """By answer, the number of those that it is in a circle with."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        place = {answer: None for order in self.orders for answer in (order.more, order.less)}
        number = {answer: index for index, answer in enumerate(place)}
        start, end = ([number[getattr(order, side)] for order in self.orders] for side in ("more", "less"))
        arrows = coo_array((np.ones(len(start), np.int8), (start, end)), shape=(len(number), len(number)))
        _, labels = connected_components(arrows, connection="strong")
        return dict(zip(number, labels.tolist(), strict=True))

    def circle(self, norm: str) -> tuple[Order, ...]:
        """The shortest through the first order of ``norm`` that is in any; empty where none is."""
        for order in self.orders:
            if order.norm == norm and self.knots[order.more] == self.knots[order.less]:
                return (order, *self._way(order.less, order.more))
        return ()

    def _way(self, start: Digest, end: Digest) -> tuple[Order, ...]:
        """The fewest orders that lead down from ``start`` to ``end``, breadth first; there are some."""
        by: dict[Digest, Order | None] = {start: None}
        waiting = deque([start])
        while end not in by:
            here = waiting.popleft()
            for order in self.below.get(here, ()):
                if order.less not in by:
                    by[order.less] = order
                    waiting.append(order.less)
        way: list[Order] = []
        while (last := by[end]) is not None:
            way.append(last)
            end = last.more
        return tuple(reversed(way))

    @cached_property
    def chain(self) -> tuple[Order, ...]:
        """Of all chains of answers the one whose first and last have to lie farthest apart; empty in a circle."""
        if len(set(self.knots.values())) < len(self.knots):
            return ()
        graph = {answer: [order.less for order in orders] for answer, orders in self.below.items()}
        reach: dict[Digest, float] = {}
        downwards: dict[Digest, Order] = {}
        for answer in TopologicalSorter(graph).static_order():  # the one that earns less comes first
            reach[answer] = 0.0
            for order in self.below.get(answer, ()):
                if order.apart + reach[order.less] > reach[answer]:
                    reach[answer], downwards[answer] = order.apart + reach[order.less], order
        here = max(reach, key=reach.__getitem__)
        chain: list[Order] = []
        while here in downwards:
            chain.append(downwards[here])
            here = chain[-1].less
        return tuple(chain)


def _norms(orders: Sequence[Order]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(order.norm for order in orders))


def _circular(circle: Sequence[Order]) -> str:
    chosen = [order.comparison.chosen for order in circle]
    *before, last = [_quoted(one.answer) for one in chosen]
    if len(circle) == 2:
        last = _quoted(circle[0].comparison.rejected.answer)  # as the same comparison writes it
    asked = f" to {_quoted(chosen[0].context[-1].content)}" if chosen[0].context else ""
    said = "" if len(circle) == 2 else " before the next, and the last before the first"
    return f"of the answers {', '.join(before)} and {last}{asked} each is chosen{said}"


def _quoted(text: str) -> str:
    """On one line, of at most ``SHOWN`` characters."""
    line = " ".join(text.split())
    return repr(line if len(line) <= SHOWN else line[: SHOWN - 1] + "…")
