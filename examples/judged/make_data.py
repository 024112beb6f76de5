"""What a judge said of answers to prompts that are not learnt from: ``python examples/judged/make_data.py``.

    data/asked/MODEL.jsonl     answers to prompts of the unseen split, of every model in FOLDER/alpaca_eval that was
                               judged (``--data FOLDER``, else the variable IIRL_DATA, else ../shared/data)
    data/fooling/MODEL.jsonl   the same of NullModel: one text to every prompt, written to fool the judge

A prompt's split follows from its hash, the same here as in config.yaml. Equal data give equal bytes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from iirl_core.config.corpora import SplitSection
from iirl_core.corpus.identity import identity_and_key, split_of
from iirl_core.demonstration import conversation

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("IIRL_DATA", HERE.parents[2] / "shared" / "data"))
FOOLING = "NullModel"
JUDGE = "preference_over_gpt4_1106_preview"
HALVES = SplitSection(train=0.5, guard=0, unseen=0.5)
"""The second half of hashes is unseen, however config.yaml divides the first."""


def main() -> int:
    """Write one file for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="where alpaca_eval/ lies")
    parser.add_argument("--out", type=Path, default=HERE / "data")
    options = parser.parse_args()
    folder = options.data / "alpaca_eval"
    paths = sorted(folder.glob("*.jsonl.gz"))
    if not paths:
        print(f"make_data: no *.jsonl.gz in {folder}; the README says where the data is published", file=sys.stderr)
        return 2
    for path in paths:
        asked = [row for row in _rows(path) if row.get(JUDGE) is not None and _is_unseen(row)]
        if asked:
            lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in asked)
            name = path.name.removesuffix(".gz")
            place = options.out / ("fooling" if name.startswith(FOOLING) else "asked")
            place.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(lines, encoding="utf-8")
    return 0


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _is_unseen(row: dict[str, Any]) -> bool:
    return split_of(identity_and_key(conversation(row["prompt"], row["response"]))[1], HALVES) == "unseen"


if __name__ == "__main__":
    sys.exit(main())
