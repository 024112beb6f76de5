"""Which rows the records of a run's corpora become, and which part each plays: decided record by record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iirl_core.canonical import Digest
from iirl_core.config.expertness import Beta
from iirl_core.corpus import demonstrations_of
from iirl_core.corpus.identity import split_key
from iirl_core.corruption import corrupted
from iirl_core.demonstration import Conversation, Demonstration, Input, Split
from jobs.train.rows import PARTS, Part, pair_number, row_numbers

Role = Literal["demonstrations", "negatives"]


@dataclass(frozen=True)
class Parts:
    """How records are dealt out. ``learns_negatives``: the loss wants them. ``guard_negatives``: there are negatives
    in the guard split, or made of it. ``corrupted``: the shares of demonstrations that also make a corrupted negative,
    by kind.
    ``pairs``: the loss compares, so the rows of ``train`` are sides of comparisons and lie beside each other.
    ``lengths``: the loss asks how long answers are. ``beta``: with how much each row is learnt, where that is no
    constant. ``held_out``: the share of the train split's prompts that training is judged on instead of learning from
    them.
    """

    learns_negatives: bool
    guard_negatives: bool
    corrupted: Mapping[str, float] = field(default_factory=dict)
    pairs: bool = False
    lengths: bool = False
    held_out: float = 0.0
    beta: Beta | None = None

    @property
    def columns(self) -> dict[str, bool]:
        """Which columns their rows have beyond those of all (``rows.schema_of``)."""
        return {"pairs": self.pairs, "lengths": self.lengths, "strengths": self.beta is not None}


@dataclass(frozen=True)
class Choice:
    """Which of the parts are made; ``sample`` None makes all rows of ``train``, else about that share of its
    demonstrations: those that come first.
    """

    parts: tuple[Part, ...] = PARTS
    sample: float | None = None

    def __contains__(self, task: Task) -> bool:
        if task.part not in self.parts:
            return False
        if task.part != "train" or self.sample is None:
            return True
        return task.expert > 0 and int(task.rows(1)[0]) < self.sample * 2**63


@dataclass(frozen=True)
class Task:
    """One input to encode, and what its rows will be."""

    part: Part
    expert: float
    one: Demonstration
    digest: bytes
    input: Input
    paired: bool = False

    def rows(self, steps: int) -> NDArray[np.int64]:
        """``[steps]``: the numbers of its rows."""
        return pair_number(self.digest, self.expert) if self.paired else row_numbers(self.digest, steps)


def is_held_out(one: Demonstration, share: float) -> bool:
    """Whether training is judged on the record's prompt (on the trajectory): a hash of its own, which says nothing of
    the split, is below ``share``.
    """
    key = split_key(one.input, Digest(one.id))
    return int.from_bytes(_digest(f"held out: {key}"), "big") < share * 2**64


def part_of(role: Role, split: Split, parts: Parts, *, held: bool = False) -> tuple[Part, ...]:
    """Which parts a record plays; ``held``: it is held out of the train split (``is_held_out``).

    * unseen records play none: they are for evaluation;
    * demonstrations of train and guard play their own split;
    * negatives of train are learnt from where the loss wants negatives, and are contrast where it does not (it never
      sees them) or where no others are left to be it;
    * negatives of guard are contrast;
    * what is held out of training is ``held_out`` where it would have been ``train``.
    """
    if split == "unseen":
        return ()
    train: Part = "held_out" if held else "train"
    if role == "demonstrations":
        return (train,) if split == "train" else (split,)
    if split == "guard":
        return ("contrast",)
    if not parts.learns_negatives:
        return ("contrast",)
    return (train,) if parts.guard_negatives else (train, "contrast")


def tasks_of(table: pa.Table, parts: Parts, pool: Sequence[Conversation], choice: Choice) -> list[Task]:
    """What records with a column ``role`` make rows of."""
    roles = table["role"].to_pylist()
    tasks: list[Task] = []
    for role, one in zip(roles, demonstrations_of(table.drop_columns(["role"])), strict=True):
        tasks += _tasks(role, one, parts, pool)
    return [task for task in tasks if task in choice]


def _tasks(role: Role, one: Demonstration, parts: Parts, pool: Sequence[Conversation]) -> list[Task]:
    """What one record makes rows of."""
    expert = 1.0 if role == "demonstrations" else 0.0
    held = is_held_out(one, parts.held_out)
    tasks = []
    for part in part_of(role, one.split, parts, held=held):
        paired = parts.pairs and part in ("train", "held_out") and one.comparison is not None
        digest = _digest(str(one.comparison)) if paired else _digest(f"{one.id}/{role}/{part}")
        tasks.append(Task(part, expert, one, digest, one.input, paired))
    if role == "demonstrations":
        for name, negative in corrupted(one, parts.corrupted, pool):
            for part in part_of("negatives", one.split, parts, held=held):
                tasks.append(Task(part, 0.0, one, _digest(f"{one.id}/{name}/{part}"), negative))
    return tasks


def _digest(identity: str) -> bytes:
    return hashlib.blake2b(identity.encode(), digest_size=8).digest()
