"""Re-fitting the head on corrective samples, by changes of low rank: lessons in, a product of two factors for each
matrix out.

What descends is ``v/10 + v²/2`` of every violation v in reward: by which a lesson is wrong, a known-good row has lost
too much, or a row scattered where nobody demonstrated anything has gained. In its gradient the map's slope is taken as
its steepest everywhere: where the map is flat there is no slope to follow, and there the flaws lie that are most wrong.
Known-good signals are held where they are, weakly. The best of all steps is kept: none that takes too much, of those
the one with most lessons right; and the descent ends where all are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.func import functional_call

from iirl_core.expertness import Expertness
from iirl_core.mapping import Monotone
from iirl_core.patch.edit import Change
from iirl_core.repair.kept import Kept
from iirl_core.repair.lessons import Lessons

STEPS = 600
PATIENCE = 100
"""Steps without a better one, once one was better than no change: known-good rows are hurt first, and recover."""
RATE = 0.02
"""Of Adam, in units of each matrix's root mean square."""
LEAST_UNIT = 0.01
"""No such unit is less: biases begin at 0."""
GUARDED = 4.0
"""Weight of what known-good rows have lost."""
SPREAD = 0.1
"""Weight of what scattered rows have gained."""
HELD = 0.01
"""Weight of the squared change of known-good signals, in units of the map's steepest slope."""
EXACT = 0.1
"""What is left of a violation's weight where it is nearly none: a squared one alone would never quite go."""
FEW = 16
"""Violations are averaged over as many rows at least."""
DESCENTS = 6
"""At most. Where known-good rows that were not looked at lose too much, the next one looks at twice as many."""
LOOKED_AT = 512
"""Known-good rows looked at first, and scattered ones."""
WIDER = 2.0
"""Scattered rows reach so many times as far as known-good ones, in every dimension."""


class _Signals(nn.Module):
    """The head's signal as a module's call, so that its parameters can be taken from elsewhere."""

    def __init__(self, head: Expertness) -> None:
        super().__init__()
        self.head = head

    def forward(self, z: Tensor) -> Tensor:
        return self.head.combined(self.head.signals(z))


Factors = Mapping[str, tuple[Tensor, Tensor]]
"""By parameter: ``left [*B, R, K]``, ``right [*B, K, C]``."""


def refit(
    head: Expertness, shaped: Monotone, lessons: Lessons, kept: Kept, *, rank: int, seed: int
) -> tuple[Change, ...]:
    """Changes of ``head``, of at most ``rank``; ``shaped`` is its map where no region of a sculpt reaches. Pure: the
    same arguments, the same changes.
    """
    generator = torch.Generator().manual_seed(seed)
    looked = torch.randperm(len(kept.z), generator=generator)[:LOOKED_AT]
    scattered = _scattered(kept.z, generator)
    signals = _Signals(head)
    found: Factors = {}
    for _ in range(DESCENTS):
        work = _Work(signals, shaped, lessons, kept.pick(looked), scattered)
        found = work.descend(rank, torch.Generator().manual_seed(seed))
        short = work.short(found, kept)
        others = (kept.floor > 0).index_fill(0, looked, False)
        if not (short[others] > 0).any():
            break
        nearest = short.masked_fill(~others, -math.inf).argsort(descending=True, stable=True)
        more = min(len(looked), int(others.sum()))  # to join only those that are short brings up others every time
        looked = torch.cat([looked, nearest[:more]])
    return tuple(Change.of(name.removeprefix("head."), *factors) for name, factors in found.items())


class _Work:
    """One descent: owns what is constant in it."""

    def __init__(self, signals: _Signals, shaped: Monotone, lessons: Lessons, kept: Kept, scattered: Tensor) -> None:
        self.signals, self.shaped, self.lessons, self.kept, self.scattered = signals, shaped, lessons, kept, scattered
        with torch.no_grad():
            far = signals(scattered)
            self.unit = _unit(shaped, torch.cat([kept.signal, signals(lessons.z), far]))
            self.most = shaped.reward(far)

    def descend(self, rank: int, generator: torch.Generator) -> Factors:
        """The best factors met."""
        parameters = dict(self.signals.named_parameters())
        factors = {name: _factors(parameter, rank, generator) for name, parameter in parameters.items()}
        optimiser = torch.optim.Adam([one for both in factors.values() for one in both if one.requires_grad], RATE)
        best, score, since = _copied(factors, parameters), (False, -1), STEPS
        for step in range(STEPS):
            optimiser.param_groups[0]["lr"] = RATE * (1 - step / STEPS)
            loss, right, guarded = self._loss(factors, parameters)
            if (guarded, right) > score:
                best, score = _copied(factors, parameters), (guarded, right)
                since = step if step else STEPS
            if score == (True, len(self.lessons.sign)) or step > since + PATIENCE:
                break
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        return best

    def _loss(self, factors: Factors, parameters: Mapping[str, Tensor]) -> tuple[Tensor, int, bool]:
        """And how many lessons are right, and whether every known-good row keeps enough."""
        lessons, kept, count = self.lessons, self.kept, len(self.lessons.z)
        rows = torch.cat([lessons.z, kept.z, self.scattered])
        changed = {name: parameters[name] + _product(parameters[name], both) for name, both in factors.items()}
        every = functional_call(self.signals, changed, (rows,))
        asked, good, far = torch.split(every, [count, len(kept.z), len(self.scattered)])
        with torch.no_grad():
            wrong, sign = lessons.wrong(lessons.rewards(asked))
            rewards = kept.rewards(good)
            gained = self.shaped.reward(far) - self.most
        original, edited = lessons.sides(asked).unbind(dim=1)
        mend = _pull(wrong, sign * (edited - original) / self.unit)
        guard = _pull(kept.least - rewards, -good / self.unit)
        spread = _pull(gained, far / self.unit)
        hold = ((good - kept.signal) / self.unit).square().mean()
        loss = mend + GUARDED * guard + SPREAD * spread + HELD * hold
        return loss, int((wrong <= 0).sum()), not bool((rewards < kept.floor).any())

    @torch.no_grad()
    def short(self, factors: Factors, kept: Kept) -> Tensor:
        """``[K]``: how far every known-good row has fallen below its floor."""
        parameters = dict(self.signals.named_parameters())
        changed = {name: parameters[name] + left @ right for name, (left, right) in factors.items()}
        parts = [functional_call(self.signals, changed, (part,)) for part in torch.split(kept.z, 4 * LOOKED_AT)]
        return kept.floor - kept.rewards(torch.cat(parts))


def _pull(violation: Tensor, signal: Tensor) -> Tensor:
    """What has the gradient of the mean ``EXACT·v + v²/2`` over the rows where v > 0, were each v's slope that of its
    ``signal``.
    """
    broken = violation > 0
    return ((EXACT + violation) * broken * signal).sum() / broken.sum().clamp(min=FEW)


def _factors(parameter: Tensor, rank: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """To begin with their product is 0. A matrix with a side no longer than ``rank`` may change as it likes: the factor
    on that side is the identity, and stays it.
    """
    *batch, rows, columns = parameter.shape
    if columns <= rank:
        return torch.zeros(*batch, rows, columns, requires_grad=True), torch.eye(columns).repeat(*batch, 1, 1)
    if rows <= rank:
        return torch.eye(rows).repeat(*batch, 1, 1), torch.zeros(*batch, rows, columns, requires_grad=True)
    left = torch.randn(*batch, rows, rank, generator=generator) / math.sqrt(rank)
    return left.requires_grad_(), torch.zeros(*batch, rank, columns, requires_grad=True)


def _size(parameter: Tensor) -> Tensor:
    """The unit in which its change is learnt."""
    return parameter.detach().square().mean().sqrt().clamp(min=LEAST_UNIT)


def _product(parameter: Tensor, factors: tuple[Tensor, Tensor]) -> Tensor:
    left, right = factors
    return _size(parameter) * (left @ right)


def _copied(factors: Factors, parameters: Mapping[str, Tensor]) -> Factors:
    """As they are now, in the parameters' own units; by the head's own names."""
    made = {}
    for name, (left, right) in factors.items():
        size = _size(parameters[name])
        scaled = (left * size, right) if left.requires_grad and not right.requires_grad else (left, right * size)
        made[name] = (scaled[0].detach().clone(), scaled[1].detach().clone())
    return made


def _scattered(z: Tensor, generator: torch.Generator) -> Tensor:
    """``[K, D]``: rows of which each number is another row's, farther from the middle: like no demonstration."""
    picked = torch.randint(len(z), (LOOKED_AT, z.shape[1]), generator=generator)
    middle = z.mean(dim=0)
    return middle + WIDER * (z.gather(0, picked) - middle)


def _unit(shaped: Monotone, signals: Tensor) -> Tensor:
    """The signal over which the map would rise from 0 to 1 if it rose everywhere as it does where it is steepest."""
    low, high = signals.min(), signals.max()
    grid = torch.linspace(float(low), float(high), 1001)
    steepest = shaped.reward(grid).diff().max()
    step = ((high - low) / 1000).clamp(min=1e-9)
    return step / steepest if steepest > 0 else 1000 * step
