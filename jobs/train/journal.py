"""What training reports: one JSON line per step under ``runs/NAME/RUN/metrics.jsonl``, and how far it is.

Lines travel inside the checkpoints, so a resumed run continues its own journal without a gap or a line twice. Losses
and norms are means over the ranks, settled at each checkpoint in one message instead of one per step.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed

from iirl_core.canonical import canonical_json
from iirl_core.store import Store, get_or_none
from jobs.train.engine import StepReport
from jobs.train.stopping import HeldOut

METRICS = "metrics.jsonl"
PLACE = "place.json"
TOLD_SECONDS = 1.0
"""How often the store hears how far training is."""


@dataclass(frozen=True)
class Place:
    """How far a run is: ``step`` of ``steps`` are done, in ``epoch``; ``loss`` is the last one."""

    step: int
    steps: int
    epoch: int
    loss: float


class Journal:
    """Rank 0 writes; the others only take part in settling."""

    def __init__(self, store: Store, folder: str, rank: int) -> None:
        self._store, self._folder, self._rank = store, folder, rank
        self._lines: list[bytes] = []
        self._pending: list[tuple[Place, StepReport, float]] = []
        self._judged: list[HeldOut] = []
        self._started = self._told = time.monotonic()

    def note(self, place: Place, report: StepReport) -> None:
        """Remember one step, and tell the store now and then."""
        now = time.monotonic()
        self._pending.append((place, report, now - self._started))
        self._started = now
        if self._rank == 0 and now - self._told >= TOLD_SECONDS:
            self._told = now
            self._tell(place)

    def judge(self, held_out: HeldOut) -> None:
        """Remember an evaluation after the last step."""
        self._judged.append(held_out)

    @property
    def judged(self) -> tuple[HeldOut, ...]:
        """All evaluations so far, those before a restart included."""
        return tuple(self._judged)

    def save(self, folder: Path) -> None:
        """Settle what is pending over all ranks; rank 0 writes the journal into a checkpoint and into the store."""
        means = _mean_over_ranks([[report.loss, report.gradient_norm or 0.0] for _, report, _ in self._pending])
        judged = {one.step: one for one in self._judged}
        for (place, report, seconds), (loss, norm) in zip(self._pending, means, strict=True):
            line = {"step": place.step, "epoch": place.epoch, "loss": loss, "learning_rate": report.learning_rate}
            known = {} if report.gradient_norm is None else {"gradient_norm": norm}
            if (one := judged.get(place.step)) is not None:
                known |= {name: value for name, value in _held_out_line(one).items() if value is not None}
            self._lines.append(canonical_json({**line, **known, "seconds": round(seconds, 6)}))
        if self._rank == 0:
            data = b"".join(line + b"\n" for line in self._lines)
            (folder / METRICS).write_bytes(data)
            self._store.put(f"{self._folder}/{METRICS}", data)
            self._tell(self._pending[-1][0])
        self._pending.clear()

    def restore(self, folder: Path) -> None:
        """Take up the journal of a checkpoint."""
        path = folder / METRICS
        self._lines = path.read_bytes().splitlines() if path.exists() else []
        self._judged = held_out_of(self._lines)

    def _tell(self, place: Place) -> None:
        self._store.put(f"{self._folder}/{PLACE}", canonical_json(vars(place)))


def held_out_of(lines: Iterable[bytes]) -> list[HeldOut]:
    """The evaluations that lines of a journal tell of."""
    found = [json.loads(line) for line in lines]
    return [
        HeldOut(line["step"], line["held_out_loss"], line.get("held_out_accuracy"))
        for line in found
        if "held_out_loss" in line
    ]


def _held_out_line(one: HeldOut) -> dict[str, float | None]:
    return {"held_out_loss": one.loss, "held_out_accuracy": one.accuracy}


def read_place(store: Store, folder: str) -> Place | None:
    """How far the run under ``folder`` is, None before its first word."""
    data = get_or_none(store, f"{folder}/{PLACE}")
    return None if data is None else Place(**json.loads(data))


def _mean_over_ranks(rows: list[list[float]]) -> list[list[float]]:
    if not torch.distributed.is_initialized() or torch.distributed.get_world_size() == 1:
        return rows
    device = "cuda" if torch.distributed.get_backend() == "nccl" else "cpu"
    table = torch.tensor(rows, dtype=torch.float64, device=device)
    torch.distributed.all_reduce(table)
    means: list[list[float]] = (table / torch.distributed.get_world_size()).tolist()
    return means
