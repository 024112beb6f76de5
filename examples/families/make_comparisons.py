"""The portal's comparisons: each demonstration's answer against a careless answer to the same kind of request.

    python examples/portal/make_data.py && python examples/families/make_comparisons.py

writes ``data/comparisons.jsonl``. The answers are the portal's own; what is new is only which two are set side by side.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PORTAL = HERE.parent / "portal" / "data"
SEED = 7


def read(name: str) -> Iterator[dict[str, Any]]:
    """The records of one of the portal's files."""
    with (PORTAL / f"{name}.jsonl").open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def answer_of(record: dict[str, Any]) -> str:
    """What the assistant says last."""
    return str(record["messages"][-1]["content"])


def comparisons() -> Iterator[dict[str, Any]]:
    """One for each demonstration; the rejected answer is one of its own kind of request where there are any."""
    careless: dict[str, list[str]] = defaultdict(list)
    for record in read("careless-train"):
        careless[record["source"]].append(answer_of(record))
    anywhere = [answer for answers in careless.values() for answer in answers]
    rng = random.Random(SEED)
    for record in read("demonstrations"):
        rejected = rng.choice(careless.get(record["source"], anywhere))
        yield {
            "source": record["source"],
            "prompt": record["messages"][:-1],
            "chosen": answer_of(record),
            "rejected": rejected,
        }


def make(folder: Path) -> int:
    """Writes ``comparisons.jsonl`` into ``folder`` and says how many it holds."""
    lines = [json.dumps(one, ensure_ascii=False) + "\n" for one in comparisons() if one["chosen"] != one["rejected"]]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "comparisons.jsonl").write_text("".join(lines), encoding="utf-8")
    return len(lines)


if __name__ == "__main__":
    print(f"comparisons: {make(HERE / 'data')} records")
