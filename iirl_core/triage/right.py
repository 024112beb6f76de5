"""What people say is right of a finding that they call a flaw: a reward, or the order of its two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from iirl_core.patch.budget import KNOWN_GOOD
from iirl_core.signing import Order
from iirl_core.triage.said import Said, Withdrawn, standing


@dataclass(frozen=True)
class Right:
    """Either the ``reward`` in [0, 1] that a single input should earn, or the ``order`` of a pair."""

    reward: float | None = None
    order: Order | None = None


def rights(said: Iterable[Said], withdrawn: Iterable[Withdrawn]) -> dict[str, Right]:
    """By finding, of those that somebody looked at: the median of the right rewards, but none where as many say
    known-good as say not; or the right order where all who gave one gave the same. Labels that only spread to a finding
    say nothing of what is right there. Pure.
    """
    rewards: dict[str, list[float]] = defaultdict(list)
    orders: dict[str, set[Order]] = defaultdict(set)
    for one in standing(said, withdrawn):
        if one.label.reward is not None:
            rewards[one.label.finding].append(one.label.reward)
        if one.label.order is not None:
            orders[one.label.finding].add(one.label.order)
    ordered = {name: Right(order=next(iter(some))) for name, some in orders.items() if len(some) == 1}
    agreed = {name: some for name, some in rewards.items() if 2 * sum(one >= KNOWN_GOOD for one in some) != len(some)}
    return ordered | {name: Right(reward=median(some)) for name, some in agreed.items()}
