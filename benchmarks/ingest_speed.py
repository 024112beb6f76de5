"""Ingest against a plain loop: rows per second on one jsonl.gz with the same cores, and memory as rows grow tenfold.

The baseline is what one would write by hand with pyarrow and tokenizers: ``pyarrow.json`` streams the decompressed
file, the tokenizer encodes batches on all cores, ``ParquetWriter`` writes. It checks nothing, names nothing, splits
nothing and drops no duplicate; ours does. The sides alternate. Ray is up before the clock starts.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ["RAY_AUTH_MODE"] = "token"
os.environ["TOKENIZERS_PARALLELISM"] = "true"  # the baseline's cores; our tasks have one CPU each

import psutil
import pyarrow as pa
import pyarrow.json
import pyarrow.parquet as pq
from tokenizers import Tokenizer

from benchmarks.figures import arguments, figure, write_results
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
SAMPLE_SECONDS = 0.5


def main() -> None:
    parser = arguments("ingest_speed", __doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=None, help="rows of the large file (default 100,000; quick 8,000)")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    rows = options.rows or (8_000 if options.quick else 100_000)
    with tempfile.TemporaryDirectory() as name, _session(Path(name)) as session:
        folder = Path(name)
        large, small = _corpus(folder / "large.jsonl.gz", rows), _corpus(folder / "small.jsonl.gz", rows // 10)
        tokenizer = Tokenizer.from_str(tokenizer_of("minilm"))
        startup = [_ours(session, _corpus(folder / "one.jsonl.gz", 1)) for _ in range(3)]  # also warms the workers up
        _plain(small, folder / "plain.parquet", tokenizer)
        peaks = {}
        for size, path in (("N", small), ("10N", large)):
            with _peak_memory() as peak:
                _ours(session, path)
            peaks[size] = peak[0] / 2**20
        plain, ours, plain_cpu, ours_cpu = [], [], [], []
        for _ in range(options.repeats):
            started = _cpu_seconds()
            plain.append(rows / _plain(large, folder / "plain.parquet", tokenizer))
            between = _cpu_seconds()
            ours.append(rows / _ours(session, large))
            plain_cpu.append((between - started) / rows * 1e6)
            ours_cpu.append((_cpu_seconds() - between) / rows * 1e6)
    pairs = [b / a for a, b in zip(plain, ours, strict=True)]
    share = min(startup) * sorted(ours)[len(ours) // 2] / rows
    write_results(
        "ingest_speed",
        [
            figure("ours", ours, "rows/s"),
            figure("plain loop", plain, "rows/s"),
            figure("ours / plain loop", pairs, "×", at_least=0.8, baseline="pyarrow.json + tokenizers loop, same file"),
            figure("ours, CPU", ours_cpu, "µs/row", baseline="the driver and every Ray process"),
            figure("plain loop, CPU", plain_cpu, "µs/row"),
            figure("start-up share", [share], "of a run", at_most=0.05, baseline=f"{min(startup):.2f} s for one row"),
            figure("memory at N", [peaks["N"]], "MiB", baseline=f"N = {rows // 10:,} rows"),
            figure("memory at 10N", [peaks["10N"]], "MiB", baseline=f"10N = {rows:,} rows"),
            figure("memory 10N / N", [peaks["10N"] / peaks["N"]], "×", at_most=1.15),
        ],
        "Memory is the peak of the summed proportional set size of the driver and every Ray process (shared pages "
        f"counted once), sampled every {SAMPLE_SECONDS} s in runs of their own.",
        options.json,
    )


@contextmanager
def _session(folder: Path) -> Iterator[Session]:
    import ray

    cores = len(os.sched_getaffinity(0))
    ray.init(num_cpus=cores, include_dashboard=False, object_store_memory=300 * 2**20, log_to_driver=False)
    try:
        yield Session(DirectoryStore(folder / "store"))
    finally:
        ray.shutdown()


def _corpus(path: Path, rows: int) -> Path:
    """Conversations of 40 to 240 words, none twice."""
    draw = random.Random(rows)
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=5) as stream:
        for row in range(rows):
            prompt = " ".join(draw.choices(WORDS, k=draw.randrange(10, 60)))
            response = " ".join(draw.choices(WORDS, k=draw.randrange(30, 180)))
            stream.write(json.dumps({"prompt": f"{row}: {prompt}?", "response": f"{response}."}) + "\n")
    return path


def _ours(session: Session, path: Path) -> float:
    config = Config.model_validate(
        {
            "name": "speed",
            "corpora": [{"name": "speed", "files": [str(path)]}],
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


@contextmanager
def _peak_memory() -> Iterator[list[float]]:
    """Bytes of this process and all below it; the peak stands in the list at the end."""
    peak, ended = [0.0], threading.Event()

    def watch() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            peak[0] = max(peak[0], sum(map(_pss, [me, *me.children(recursive=True)])))

    me = psutil.Process()
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()


def _pss(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0.0


if __name__ == "__main__":
    main()
