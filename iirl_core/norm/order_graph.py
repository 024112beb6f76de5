"""Answers as a graph: circles and chains of who earns more than whom."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Literal

import numpy as np

from iirl_core.canonical import Digest
from iirl_core.demonstration import Comparison


@dataclass(frozen=True)
class Order:
    """``norm`` wants ``more`` to earn at least ``apart`` more than ``less``, because ``comparison`` says so."""

    norm: str
    more: Digest
    less: Digest
    apart: float
    comparison: Comparison


@dataclass(frozen=True)
class OrderGraph:
    """What orders say together."""

    orders: Sequence[Order]

    @cached_property
    def below(self) -> Mapping[Digest, list[Order]]:
        """By answer, the orders in which it is the one that earns more."""
        return _by("more", self.orders)

    @cached_property
    def above(self) -> Mapping[Digest, list[Order]]:
        """By answer, the orders in which it is the one that earns less."""
        return _by("less", self.orders)

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

    def chain(self, norm: str) -> tuple[Order, ...]:
        """Of all chains of answers with an order of ``norm`` the one whose first and last have to lie farthest apart;
        empty where some answers lie in a circle. There must be an order of ``norm``.
        """
        if len(set(self.knots.values())) < len(self.knots):
            return ()
        graph = {answer: [order.less for order in orders] for answer, orders in self.below.items()}
        upwards = tuple(TopologicalSorter(graph).static_order())  # the one that earns less comes first
        down, up = _Reach.of(upwards, self.below, "less"), _Reach.of(upwards[::-1], self.above, "more")
        own = [order for order in self.orders if order.norm == norm]
        best = max(own, key=lambda order: up.far[order.more] + order.apart + down.far[order.less])
        return (*reversed([*up.way(best.more)]), best, *down.way(best.less))


@dataclass(frozen=True)
class _Reach:
    """How ``far`` from each answer a chain's last one has to lie, at most, in one direction; and its first ``step``."""

    far: Mapping[Digest, float]
    step: Mapping[Digest, Order]
    to: Literal["more", "less"]

    @classmethod
    def of(
        cls, answers: Sequence[Digest], steps: Mapping[Digest, Sequence[Order]], to: Literal["more", "less"]
    ) -> _Reach:
        """``answers``: none before one that a step of its leads ``to``."""
        far: dict[Digest, float] = {}
        step: dict[Digest, Order] = {}
        for answer in answers:
            far[answer] = 0.0
            for order in steps.get(answer, ()):
                if (reach := order.apart + far[getattr(order, to)]) > far[answer]:
                    far[answer], step[answer] = reach, order
        return cls(far, step, to)

    def way(self, answer: Digest) -> Iterator[Order]:
        """The chain that begins at the answer."""
        while answer in self.step:
            yield self.step[answer]
            answer = getattr(self.step[answer], self.to)


def _by(side: Literal["more", "less"], orders: Sequence[Order]) -> Mapping[Digest, list[Order]]:
    found: dict[Digest, list[Order]] = {}
    for order in orders:
        found.setdefault(getattr(order, side), []).append(order)
    return found
