"""Ingest of synthetic rows: rows per second, and memory as the rows grow tenfold to a million.

Speed is measured on one jsonl.gz with the same cores against two others, in turns. *Hugging Face datasets* does the
same steps (``benchmarks/ingest_datasets.py``: parse, drop equal rows, split by hash, count tokens, write Parquet); it
needs the extra ``bench``. The *plain loop* is what one would write by hand with pyarrow and tokenizers:
``pyarrow.json`` streams the decompressed file, the tokenizer encodes batches on all cores, ``ParquetWriter`` writes; it
checks nothing, names nothing, splits nothing and drops no duplicate. Ray is up before the clock starts.

Memory is measured in runs of its own, without and with the search for near-duplicates, and kept in a file of its own.
``--parts`` picks some of the three where one sitting is too short for all.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

os.environ["RAY_AUTH_MODE"] = "token"
os.environ["TOKENIZERS_PARALLELISM"] = "true"  # the baseline's cores; our tasks have one CPU each

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.json
import pyarrow.parquet as pq
from tokenizers import Tokenizer

from benchmarks.figures import Figure, arguments, figure, write_parts
from benchmarks.peak_memory import SAMPLE_SECONDS, peak_memory
from cluster.session import Session
from iirl_core.config import Config
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.ingest.counting import tokenizer_of
from jobs.ingest.ingest import run

TEXT = """
the a of to and in is you your we our please appointment clinic portal doctor nurse result letter window morning
afternoon question answer book change cancel confirm number message form page account record visit blood test
insurance referral pharmacy prescription refill wait time call urgent travel vaccine allergy summary team cannot can
will should may might open closed before after because although however therefore early late new old
"""
WORDS = TEXT.split()
PARTS = {"memory": "ingest_memory", "near": "ingest_memory", "speed": "ingest_speed"}
"""What is measured, and the file of results that keeps it."""
NOTES = (
    "Memory is the peak of the summed proportional set size of the driver and every Ray process (shared pages counted "
    f"once), sampled every {SAMPLE_SECONDS} s."
)


def main() -> None:
    parser = arguments("ingest_speed", __doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=None, help="rows for speed (default 100,000; quick 4,000)")
    parser.add_argument("--many", type=int, default=None, help="rows for memory (default 1,000,000; quick 40,000)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    rows, many = (
        options.rows or (4_000 if options.quick else 100_000),
        options.many or (40_000 if options.quick else 1_000_000),
    )
    with tempfile.TemporaryDirectory() as name, _session(Path(name)) as session:
        folder = Path(name)
        startup = [_ours(session, _corpus(folder / "one.jsonl.gz", 1)) for _ in range(3)]  # also warms the workers up
        figures: dict[str, list[Figure]] = {}
        for part, near in (("memory", None), ("near", 0.8)):
            if part in options.parts:
                figures[part] = memory(session, folder, many, near)
        if "speed" in options.parts:
            repeats = 1 if options.quick else options.repeats
            figures["speed"] = speed(session, folder, rows, repeats, min(startup))
    write_parts(PARTS, figures, NOTES, options.json)


def memory(session: Session, folder: Path, many: int, near: float | None) -> list[Figure]:
    """Peaks for a tenth of the rows and for all of them."""
    search = "" if near is None else f", near-duplicates of {near:g} sought"
    peaks = []
    for rows in (many // 10, many):
        path = _corpus(folder / f"{rows}.jsonl.gz", rows)
        with peak_memory() as peak:
            _ours(session, path, near)
        peaks.append(peak[0] / 2**20)
    sides = f"{many:,} rows / {many // 10:,} rows"
    return [
        figure(f"memory at {many // 10:,} rows{search}", peaks[:1], "MiB"),
        figure(f"memory at {many:,} rows{search}", peaks[1:], "MiB"),
        figure(f"memory, ten times the rows{search}", [peaks[1] / peaks[0]], "×", at_most=1.3, baseline=sides),
    ]


def speed(session: Session, folder: Path, rows: int, repeats: int, startup: float) -> list[Figure]:
    """Rows per second of all three sides."""
    path = _corpus(folder / "rows.jsonl.gz", rows)
    tokenizer = Tokenizer.from_str(tokenizer_of("minilm"))
    _plain(_corpus(folder / "warm.jsonl.gz", rows // 10), folder / "plain.parquet", tokenizer)
    seconds: dict[str, list[float]] = {"ours": [], "plain loop": [], "datasets": []}
    cpu: dict[str, list[float]] = {"ours": [], "plain loop": []}
    for _ in range(repeats):
        started = _cpu_seconds()
        seconds["plain loop"].append(_plain(path, folder / "plain.parquet", tokenizer))
        between = _cpu_seconds()
        seconds["ours"].append(_ours(session, path))
        cpu["plain loop"].append((between - started) / rows * 1e6)
        cpu["ours"].append((_cpu_seconds() - between) / rows * 1e6)
        seconds["datasets"].append(by_datasets(path).seconds)
    rates = {side: [rows / each for each in runs] for side, runs in seconds.items()}
    plain, other = (
        [a / b for a, b in zip(rates["ours"], rates[side], strict=True)] for side in ("plain loop", "datasets")
    )
    share = startup / sorted(seconds["ours"])[repeats // 2]
    return [
        *(figure(side, runs, "rows/s") for side, runs in rates.items()),
        figure("ours / datasets", other, "×", baseline="Hugging Face datasets, the same steps, file and cores"),
        figure("ours / plain loop", plain, "×", at_least=0.8, baseline="pyarrow.json + tokenizers loop, same file"),
        figure("ours, CPU", cpu["ours"], "µs/row", baseline="the driver and every Ray process"),
        figure("plain loop, CPU", cpu["plain loop"], "µs/row"),
        figure("start-up share", [share], "of a run", at_most=0.05, baseline=f"{startup:.2f} s for one row"),
    ]


@dataclass(frozen=True)
class OtherRun:
    """What the other side says of its run."""

    seconds: float
    rows: int
    tokens: int
    splits: dict[str, int]


def by_datasets(path: Path) -> OtherRun:
    """One run of ``benchmarks/ingest_datasets.py`` on this process' cores, from an empty cache."""
    cores = str(len(os.sched_getaffinity(0)))
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.ingest_datasets", str(path), folder, cores]
        ran = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return OtherRun(**json.loads(ran.stdout.splitlines()[-1]))


@contextmanager
def _session(folder: Path) -> Iterator[Session]:
    import ray

    cores = len(os.sched_getaffinity(0))
    ray.init(
        address="local",  # or it would join whatever cluster runs on this machine
        num_cpus=cores,
        include_dashboard=False,
        object_store_memory=300 * 2**20,
        log_to_driver=False,
    )
    try:
        yield Session(DirectoryStore(folder / "store"))
    finally:
        ray.shutdown()


def _corpus(path: Path, rows: int) -> Path:
    """Conversations of 40 to 240 words, none like another."""
    draw, words = np.random.default_rng(rows), np.array(WORDS, dtype=object)
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as stream:
        for row in range(rows):
            asked, said = draw.integers(10, 60), draw.integers(30, 180)
            drawn = words[draw.integers(len(words), size=asked + said)].tolist()
            prompt, response = " ".join(drawn[:asked]), " ".join(drawn[asked:])
            stream.write(json.dumps({"prompt": f"{row}: {prompt}?", "response": f"{response}."}) + "\n")
    return path


def _ours(session: Session, path: Path, near: float | None = None) -> float:
    config = Config.model_validate(
        {
            "name": "speed",
            "corpora": [{"name": "speed", "files": [str(path)], "near_duplicates": near}],
            "encoder": {"kind": "text", "model": "minilm"},
            "mapping": {"kind": "sigmoid"},
            "audit": {"probes": {}},
        }
    )
    began = time.perf_counter()
    run(session, config, Progress())
    return time.perf_counter() - began


def _plain(path: Path, target: Path, tokenizer: Tokenizer) -> float:
    began = time.perf_counter()
    schema = pa.schema([("prompt", pa.string()), ("response", pa.string()), ("tokens", pa.int32())])
    options = pyarrow.json.ReadOptions(block_size=1 << 20)
    with (
        pa.CompressedInputStream(pa.OSFile(str(path)), "gzip") as stream,
        pyarrow.json.open_json(stream, read_options=options) as reader,
        pq.ParquetWriter(target, schema, compression="zstd") as writer,
    ):
        for batch in reader:
            prompts, responses = batch.column("prompt").to_pylist(), batch.column("response").to_pylist()
            encoded = tokenizer.encode_batch_fast([*prompts, *responses], add_special_tokens=False)
            counts = [len(a) + len(b) for a, b in zip(encoded[: len(prompts)], encoded[len(prompts) :], strict=True)]
            columns = [batch.column("prompt"), batch.column("response"), pa.array(counts, pa.int32())]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
    return time.perf_counter() - began


def _cpu_seconds() -> float:
    """Of this process and all below it: what a busy machine does not stretch."""
    me = psutil.Process()
    times = [process.cpu_times() for process in [me, *me.children(recursive=True)]]
    return float(sum(each.user + each.system for each in times))


if __name__ == "__main__":
    main()
