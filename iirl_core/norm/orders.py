"""Orders: which answer earns more, by the comparisons of all agreements together; and where no reward can follow them.

None can where answers are preferred in a circle (a before b, b before c, c before a), whatever the thresholds are: who
means that answers earn the same writes an invariance. Nor where a chain of answers has to lie farther apart, from its
first to its last, than rewards can, which lie in [0, 1].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iirl_core.canonical import Digest
from iirl_core.corpus.identity import identity_of, plain_identity
from iirl_core.demonstration import Comparison
from iirl_core.norm.norm import Norm
from iirl_core.norm.order_graph import Order, OrderGraph

SHOWN = 60
"""Characters of a text."""
ROUNDING = 1e-9
"""By how much thresholds that sum up to 1 may exceed it."""


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
    known = OrderGraph(orders)
    if circle := known.circle(norm):
        return Clash(_norms(circle), _circular(circle))
    chain = known.chain(norm)
    apart = sum(order.apart for order in chain)
    if apart <= 1 + ROUNDING:
        return None
    ends = f"{_quoted(chain[0].comparison.chosen.answer)} down to {_quoted(chain[-1].comparison.rejected.answer)}"
    told = f"{len(chain)} comparisons lead from {ends}, and want {apart:g} between them, while rewards lie in [0, 1]"
    return Clash(_norms(chain), told)


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
