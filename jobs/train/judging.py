"""Held-out evaluation while training lasts: over all ranks, on rows that no step learns from."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
import torch.distributed
from numpy.typing import NDArray

from iirl_core.config.training import HeldOutSection
from iirl_core.store.protocol import Store
from jobs.train.best import forget_best, keep_best, write_best
from jobs.train.engine import Engine, Rows
from jobs.train.finite import check_number
from jobs.train.journal import Journal, Place
from jobs.train.stopping import HeldOut, best_of, is_over


class Readable(Protocol):
    """Rows by position."""

    def __len__(self) -> int:
        """How many."""
        ...

    def take(self, positions: NDArray[np.int64]) -> Rows:
        """Those at ``positions``, in that order."""
        ...


class Judge:
    """Evaluates every so many steps, keeps the best weights where training may stop early, and says when it is over.
    All ranks do the same: what is decided follows from the journal.
    """

    def __init__(
        self,
        store: Store,
        folder: str,
        section: HeldOutSection,
        rows: Readable,
        *,
        engine: Engine,
        journal: Journal,
    ) -> None:
        self._store, self._folder, self._section, self._rows = store, folder, section, rows
        self._engine, self._journal = engine, journal
        train = engine.section
        self._chunk = train.batch // (train.workers * train.accumulation)
        self._rank, self._ranks = torch.distributed.get_rank(), torch.distributed.get_world_size()
        self._registered = best_of(journal.judged).step if journal.judged else None
        """The best step as the last checkpoint knows it: a restart asks for its weights."""

    @property
    def over(self) -> bool:
        """Whether training stops here."""
        return is_over(self._journal.judged, self._section.patience)

    def after(self, place: Place) -> None:
        """Evaluate, if it is time.

        Raises:
            ConfigError: the loss is not a number, or infinite.
        """
        if place.step % self._section.every and place.step != place.steps:
            return
        found = judge(self._engine, self._rows, place.step, chunk=self._chunk, rank=self._rank, ranks=self._ranks)
        check_number(found.loss, f"the held-out loss after step {place.step}")
        self._journal.judge(found)
        if self._section.patience is not None and best_of(self._journal.judged) == found:
            weights = self._engine.weights()
            if self._rank == 0:
                keep_best(self._store, self._folder, place.step, weights)

    @property
    def seals_best(self) -> bool:
        """Whether the weights to seal are those of the best evaluation, not those of the end."""
        return self._section.patience is not None

    def write_best(self, path: Path) -> None:
        """The weights of the best evaluation as the local file ``path``, the whole of them: for rank 0 alone."""
        write_best(self._store, self._folder, best_of(self._journal.judged).step, path)

    def saved(self) -> None:
        """A checkpoint was saved: weights that neither it nor the one before it knows as the best may go."""
        if self._section.patience is None or not self._journal.judged:
            return
        now = best_of(self._journal.judged).step
        if self._rank == 0:
            forget_best(self._store, self._folder, {now, self._registered or now})
        self._registered = now


def judge(engine: Engine, rows: Readable, step: int, *, chunk: int, rank: int, ranks: int) -> HeldOut:
    """What the module is worth after ``step``: means over all rows, by weight, ``chunk`` of them at a time. Ranks take
    turns; one that has none left judges the first again, which do not count: every rank calls its engine as often.
    """
    chunks = math.ceil(len(rows) / chunk)
    totals = torch.zeros(3, dtype=torch.float64)
    for turn in range(math.ceil(chunks / ranks)):
        mine = turn * ranks + rank
        start = mine * chunk if mine < chunks else 0
        found = engine.judge(rows.take(np.arange(start, min(start + chunk, len(rows)))))
        if mine < chunks:
            totals += torch.stack([found[0] * found[2], found[1] * found[2], found[2]])
    if ranks > 1:
        totals = totals.to(engine.device)
        torch.distributed.all_reduce(totals)
    loss, right, weight = totals.tolist()
    accuracy = right / weight if weight else math.nan
    return HeldOut(step, loss / weight if weight else math.nan, None if math.isnan(accuracy) else accuracy)
