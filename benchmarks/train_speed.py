"""A training step through our engine against a bare PyTorch loop: same model, batch, optimiser, clipping and threads.

The bare side is the loop anyone would write: forward, backward, clip, AdamW, read the loss. Ours is the training loop's
step: learning rate, DeepSpeed engine (one rank, gloo), loss and gradient norm, journal. The sides alternate in one
process; a figure is the median over blocks, and a block is the median of its steps.

    large   a step of 500 ms or more (rows are added until it is): our speed as a share of the bare one
    small   the spatial example's step: what ours costs more, in milliseconds
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import torch
import torch.distributed

from benchmarks.figures import Figure, arguments, figure, write_results
from iirl_core.config.expertness import MixtureSection
from iirl_core.config.training import TrainSection
from iirl_core.expertness import Batch, build_expertness
from iirl_core.store import DirectoryStore
from jobs.train.engine import Engine
from jobs.train.journal import Journal, Place

LARGE = MixtureSection(experts=8, bottleneck=8, hidden=512)
LARGE_WIDTH = 384
LARGE_MS = 500.0
SMALL = MixtureSection(experts=4, bottleneck=2)
SMALL_WIDTH = 3
SMALL_ROWS = 256
STEPS = 1_000_000
"""Of the schedule: long enough that no run comes to its end."""

Step = Callable[[], float]
Stage = Literal[0, 1, 2, 3]


def main() -> None:
    options = arguments("train_speed", __doc__.splitlines()[0]).parse_args()
    os.environ.update({"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1"})
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=0, world_size=1)
        figures = large(folder, blocks=2 if options.quick else 9)
        for stage in (1, 0, 2):
            figures += small(folder, stage, blocks=5 if options.quick else 15, steps=20 if options.quick else 60)
        torch.distributed.destroy_process_group()
    notes = f"{torch.get_num_threads()} threads, fp32. ZeRO 1 is the default; 0 and 2 are shown beside it."
    write_results("train_speed", figures, notes, options.json)


def large(folder: Path, blocks: int) -> list[Figure]:
    """Speed relative to the bare loop where a step takes ``LARGE_MS`` or more."""
    rows = 512
    while True:
        probe = bare(LARGE, LARGE_WIDTH, rows)
        once = min(_timed(probe) for _ in range(5))
        if once >= 1.1 * LARGE_MS:
            break
        rows = max(rows + 64, int(rows * min(4.0, 1.2 * LARGE_MS / once)))
    ours, theirs = alternate(
        engine(LARGE, LARGE_WIDTH, rows, 1, folder), bare(LARGE, LARGE_WIDTH, rows), blocks=blocks, steps=4
    )
    ratios = [base / own for own, base in zip(ours, theirs, strict=True)]
    baseline = statistics.median(theirs)
    return [
        figure("large step, bare", theirs, "ms", at_least=LARGE_MS, baseline=f"{rows} rows"),
        figure("large step, engine", ours, "ms", baseline=baseline),
        figure("large step, speed", ratios, "× bare", at_least=0.9, baseline=baseline),
    ]


def small(folder: Path, stage: Stage, blocks: int, steps: int) -> list[Figure]:
    """Milliseconds more than the bare loop where a step is short."""
    ours, theirs = alternate(
        engine(SMALL, SMALL_WIDTH, SMALL_ROWS, stage, folder),
        bare(SMALL, SMALL_WIDTH, SMALL_ROWS),
        blocks=blocks,
        steps=steps,
    )
    more = [own - base for own, base in zip(ours, theirs, strict=True)]
    name, baseline = f"small step, ZeRO {stage}", f"bare {statistics.median(theirs):.2f} ms"
    return [figure(f"{name}, more", more, "ms", at_most=3.0 if stage == 1 else None, baseline=baseline)]


def bare(section: MixtureSection, width: int, rows: int) -> Step:
    """The plain loop's step."""
    torch.manual_seed(0)
    model, batch, train = build_expertness(section, width), _batch(width, rows), TrainSection()
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=train.optimiser.learning_rate, weight_decay=train.optimiser.weight_decay, fused=True
    )

    def step() -> float:
        optimiser.zero_grad()
        loss = model(batch.z, batch.expert, batch.weight, batch.row)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), train.optimiser.gradient_clip)
        optimiser.step()
        return float(loss.detach())

    return step


def engine(section: MixtureSection, width: int, rows: int, stage: Stage, folder: Path) -> Step:
    """Ours."""
    torch.manual_seed(0)
    batch = _batch(width, rows)
    ours = Engine(build_expertness(section, width), TrainSection(batch=rows, zero_stage=stage), STEPS)
    journal = Journal(DirectoryStore(folder / "store"), "runs/benchmark", rank=0)
    done = 0

    def step() -> float:
        nonlocal done
        report = ours.step(done, batch)
        done += 1
        journal.note(Place(done, STEPS, 0, report.loss), report)
        return report.loss

    return step


def alternate(ours: Step, theirs: Step, *, blocks: int, steps: int) -> tuple[list[float], list[float]]:
    """Medians of blocks, in milliseconds, after one block that is not counted. Within a block the sides take turns step
    by step, so that whatever else the machine does falls on both.
    """
    own: list[float] = []
    base: list[float] = []
    for block in range(blocks + 1):
        pairs = [(_timed(ours), _timed(theirs)) for _ in range(steps)]
        if block:
            own.append(statistics.median(pair[0] for pair in pairs))
            base.append(statistics.median(pair[1] for pair in pairs))
    return own, base


def _timed(step: Step) -> float:
    started = time.perf_counter()
    step()
    return (time.perf_counter() - started) * 1000


def _batch(width: int, rows: int) -> Batch:
    generator = torch.Generator().manual_seed(0)
    ones = torch.ones(rows)
    return Batch(torch.randn(rows, width, generator=generator), ones, ones, torch.arange(rows))


if __name__ == "__main__":
    main()
