"""Training a text encoder end to end, in comparisons per second: ours against TRL's RewardTrainer and against a bare
PyTorch loop, and two workers of ours against one.

All sides train the same MiniLM and head on the same comparisons of HH's harmless-base, tokenised once and cut at 256
tokens, in the same batches of 16, with the same optimiser and threads (``benchmarks/text_sides.py``). Ours sorts 8
batches by length, as it does by default, so that less of what is computed is padding; the bare loop is given those
batches, ready made; RewardTrainer draws its own, as it does by default. Its seconds are what it reports itself.

In each round ours and the bare loop take turns step by step through one epoch, then TRL trains one. *Two workers* are
real jobs on a local Ray, one thread a worker, in turns with jobs of one worker on the same batches; a job's seconds are
those that its journal tells of, without the first step.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib.metadata import version
from itertools import islice
from pathlib import Path

os.environ["RAY_AUTH_MODE"] = "token"

import torch
import torch.distributed

from benchmarks import text_sides
from benchmarks.figures import Figure, arguments, figure, write_results
from benchmarks.text_sides import FOLDER, Step, Tokenised, encoder_of, tokenise
from cluster.session import Session
from iirl_core.demonstration import Conversation
from iirl_core.errors import InputError
from iirl_core.records import open_records, parse_sides
from iirl_core.records.raw import RawRecord
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.train.fitting import fit
from jobs.train.tracking import read_lines

DATA = "hh-rlhf/harmless-base-1800.jsonl.gz"
MAX_TOKENS, COMPARISONS = 256, 16
WORKERS = (1, 2)
CORES = len(os.sched_getaffinity(0))
NOTES = (
    "fp32, dropout as the model has it, ZeRO 1 (the default); TRL's defaults but for bf16 and gradient checkpointing."
)


def main() -> int:
    parser = arguments("text_speed", __doc__.splitlines()[0])
    parser.add_argument("--model", default="minilm", help="a BERT, as in encoder.model (default minilm)")
    parser.add_argument("--parts", nargs="+", choices=["loops", "workers"], default=["loops", "workers"])
    options = parser.parse_args()
    if not (options.data / DATA).exists():
        print(f"text_speed: there is no data at {options.data}; the README says where it is published", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name:
        store = DirectoryStore(Path(name) / "store")
        epoch = 2 if options.quick else 8  # steps
        sides = islice(sides_of(options.data / DATA), epoch * COMPARISONS)
        made = tokenise(store, sides, options.model, max_tokens=MAX_TOKENS, comparisons=COMPARISONS)
        figures: list[Figure] = []
        if "workers" in options.parts:
            figures += workers(made, steps=3 if options.quick else 4, repeats=1 if options.quick else 3)
        if "loops" in options.parts:
            with trl_apart(made, Path(name) / "trl") as theirs, one_rank(Path(name)):
                figures += loops(made, theirs, repeats=1 if options.quick else 3)
    write_results("text_speed", figures, NOTES, options.json)
    return 0


def loops(made: Tokenised, epoch_of_trl: Step, repeats: int) -> list[Figure]:
    """One rank, on all cores, after a round that is not counted."""
    torch.set_num_threads(CORES)
    ours, bare = text_sides.ours(made), text_sides.bare(made)
    steps = len(made.tokens) // made.train.batch
    seconds: dict[str, list[float]] = {"ours": [], "bare": [], "trl": []}
    longest = []
    for round_ in range(repeats + 1):
        own, base = [], []
        for _ in range(steps):
            own.append(_timed(ours))
            base.append(_timed(bare))
        theirs = epoch_of_trl()
        if round_:
            for name, spent in (("ours", sum(own)), ("bare", sum(base)), ("trl", theirs)):
                seconds[name].append(spent)
            longest.append(statistics.median(base) * 1000)
    rate = {name: [steps * made.train.batch / 2 / each for each in spent] for name, spent in seconds.items()}
    medians = {name: statistics.median(each) for name, each in rate.items()}
    return [
        figure("ours", rate["ours"], "comparisons/s"),
        figure("TRL's RewardTrainer", rate["trl"], "comparisons/s"),
        figure(
            "ours against TRL",
            [theirs / own for own, theirs in zip(seconds["ours"], seconds["trl"], strict=True)],
            "× TRL",
            at_least=1.3,
            baseline=f"TRL {version('trl')}: {medians['trl']:.3g} comparisons/s",
        ),
        figure("bare step", longest, "ms", at_least=500),
        figure(
            "ours against the bare loop",
            [base / own for own, base in zip(seconds["ours"], seconds["bare"], strict=True)],
            "× bare",
            at_least=0.9,
            baseline=f"bare {medians['bare']:.3g} comparisons/s",
        ),
    ]


def workers(made: Tokenised, steps: int, repeats: int) -> list[Figure]:
    """Jobs of one worker and of two, in turns."""
    encoder = encoder_of(made.section)
    seconds: dict[int, list[float]] = {count: [] for count in WORKERS}
    with Session(made.store) as session:
        session.ray()
        import ray

        held = ray.put(encoder)
        for round_ in range(repeats):
            for count in WORKERS:
                task = replace(
                    made.task(encoder.width, steps), encoder=held, folder=f"runs/text-speed/{round_}-{count}"
                )
                shutil.copytree(made.store.root / FOLDER, made.store.root / task.folder)
                fit(session, replace(task, train=task.train.model_copy(update={"workers": count})), Progress())
                lines = read_lines(made.store, task.folder)
                seconds[count].append(sum(line.numbers["train/seconds"] for line in lines[1:]))
    rate = {count: [(steps - 1) * COMPARISONS / each for each in spent] for count, spent in seconds.items()}
    one = statistics.median(rate[1])
    ratios = [single / double for single, double in zip(seconds[1], seconds[2], strict=True)]
    return [
        figure("one worker", rate[1], "comparisons/s"),
        figure("two workers", rate[2], "comparisons/s"),
        figure("two workers against one", ratios, "×", at_least=1.6, baseline=f"one worker {one:.3g} comparisons/s"),
    ]


def sides_of(path: Path) -> Iterator[tuple[Conversation, Conversation]]:
    """Chosen and rejected, of every comparison that can be read."""
    for row in open_records(path):
        with suppress(InputError):  # sides that answer different prompts
            if isinstance(row, RawRecord):
                yield parse_sides(row.document)


@contextmanager
def trl_apart(made: Tokenised, folder: Path) -> Iterator[Step]:
    """TRL in a process of its own; each call trains an epoch there and returns its seconds."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=text_sides.trl_epochs, args=(made, folder, CORES, there))
    process.start()
    there.close()

    def epoch() -> float:
        here.send(True)
        return float(here.recv())

    try:
        yield epoch
    finally:
        here.send(False)
        process.join()


@contextmanager
def one_rank(folder: Path) -> Iterator[None]:
    """This process as the only one of its group."""
    os.environ.update({"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1"})
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


def _timed(step: Step) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
