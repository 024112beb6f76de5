"""What ``ingest_speed`` measures ingest against: the same steps written with Hugging Face ``datasets``.

    python -m benchmarks.ingest_datasets FILE.jsonl.gz FOLDER CORES

parses, drops equal rows, splits by the hash of the prompt, counts tokens and writes Parquet, and prints
``{"seconds", "rows", "tokens", "splits"}``. It runs in a process of its own, because ``num_proc`` forks, and a process
in which Ray is up must not be forked. Imports are not in the seconds; the cache starts empty.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any

from datasets import Dataset, disable_progress_bars, load_dataset
from tokenizers import Tokenizer

from jobs.ingest.counting import tokenizer_of

FRACTIONS = (("train", 0.7), ("guard", 0.85), ("unseen", 1.0))
"""Where each split ends: ``corpora[].split``'s defaults."""
BATCH = 1000


def ingest(path: Path, folder: Path, cores: int) -> dict[str, Any]:
    """The steps as ``datasets`` offers them: whatever needs no memory of earlier rows runs in ``cores`` processes."""
    tokenizer = Tokenizer.from_str(tokenizer_of("minilm"))
    began = time.perf_counter()
    rows = load_dataset("json", data_files=str(path), split="train", cache_dir=str(folder / "cache"))
    assert isinstance(rows, Dataset)
    rows = rows.map(_identified, batched=True, batch_size=BATCH, num_proc=cores, fn_kwargs={"tokenizer": tokenizer})
    seen: set[bytes] = set()
    rows = rows.filter(lambda ids: [_new(seen, each) for each in ids], batched=True, input_columns="id")
    rows.to_parquet(str(folder / "rows.parquet"))
    seconds = time.perf_counter() - began
    splits = rows.with_format("arrow")["split"].value_counts().to_pylist()
    return {
        "seconds": seconds,
        "rows": len(rows),
        "tokens": sum(rows["tokens"]),
        "splits": {each["values"]: each["counts"] for each in splits},
    }


def _identified(batch: dict[str, list[str]], tokenizer: Tokenizer) -> dict[str, list[Any]]:
    prompts, responses = batch["prompt"], batch["response"]
    encoded = tokenizer.encode_batch_fast([*prompts, *responses], add_special_tokens=False)
    tokens = [len(a) + len(b) for a, b in zip(encoded[: len(prompts)], encoded[len(prompts) :], strict=True)]
    pairs = zip(prompts, responses, strict=True)
    ids = [hashlib.sha256(f"{len(prompt)} {prompt}{response}".encode()).digest() for prompt, response in pairs]
    return {"id": ids, "split": [_split(prompt) for prompt in prompts], "tokens": tokens}


def _split(prompt: str) -> str:
    place = int.from_bytes(hashlib.sha256(prompt.encode()).digest()[:8], "big") / 2**64
    return next(split for split, end in FRACTIONS if place < end)


def _new(seen: set[bytes], identity: bytes) -> bool:
    """Whether it comes for the first time."""
    before = len(seen)
    seen.add(identity)
    return len(seen) > before


if __name__ == "__main__":
    disable_progress_bars()
    print(json.dumps(ingest(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))))
