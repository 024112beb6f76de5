"""Balls: the regions of many sculpts, compiled, so that each is measured only at the rows that it may reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from iirl_core.patch.ball import Ball
from iirl_core.patch.patch import Space
from iirl_core.patch.screen import Screen


@dataclass(frozen=True, eq=False)
class Within:
    """A ball among ``count`` rows: ``weight [M]`` is what it has at ``rows [M]``, in order; elsewhere it has none."""

    rows: Tensor
    weight: Tensor
    count: int

    def pick(self, rows: Tensor) -> Within:
        """Among some of the rows, given by their numbers; one may be given twice."""
        place = torch.full((self.count,), -1, dtype=torch.long, device=self.rows.device)
        place[self.rows] = torch.arange(len(self.rows), device=self.rows.device)
        found = place[rows]
        mine = (found >= 0).nonzero().squeeze(1)
        return Within(mine, self.weight[found[mine]], len(rows))


class Balls:
    """Of a list of balls, the place of each that is None left free."""

    def __init__(self, balls: Sequence[Ball | None]) -> None:
        self._count = len(balls)
        grouped: dict[tuple[Space, int], list[tuple[int, Ball]]] = {}
        for number, ball in enumerate(balls):
            if ball is not None:
                grouped.setdefault((ball.space, ball.expert), []).append((number, ball))
        self._groups = [(_screen(members), members) for members in grouped.values()]
        self.spaces: tuple[Space, ...] = tuple(dict.fromkeys(space for space, _ in grouped))
        """The spaces that ``within`` needs coordinates of."""

    def within(self, coordinates: Mapping[Space, tuple[Tensor, Tensor]]) -> tuple[Within | None, ...]:
        """What each has of N rows (None for None), given ``phi [N, E, L]`` and ``gate [N, E]`` by space; differentiable
        in these.
        """
        found: list[Within | None] = [None] * self._count
        for screen, members in self._groups:
            _, first = members[0]
            phi, gate = coordinates[first.space]
            for (number, ball), rows in zip(members, _rows_of(screen, phi[:, first.expert]), strict=True):
                found[number] = Within(rows, ball.weight(phi[rows], gate[rows]), len(phi))
        return tuple(found)


def _screen(members: Sequence[tuple[int, Ball]]) -> Screen:
    centres = torch.tensor([ball.centre for _, ball in members], dtype=torch.float64)
    return Screen(centres, torch.tensor([ball.radius for _, ball in members], dtype=torch.float64))


def _rows_of(screen: Screen, phi: Tensor) -> list[Tensor]:
    """``phi [N, L]`` → for each ball the rows that it may reach, in order."""
    balls = len(screen.radii)
    pairs = [pairs + rows.start * balls for rows, pairs in screen.near(phi)]
    every = torch.cat(pairs) if pairs else torch.zeros(0, dtype=torch.long, device=phi.device)
    ball = every % balls
    by_ball = (every // balls)[ball.argsort(stable=True)]
    return list(torch.split(by_ball, torch.bincount(ball, minlength=balls).tolist()))
