"""What every benchmark hands in: figures, printed as a table and written as JSON.

A figure is a median over repeats together with the repeats; a ratio names both of its sides (the side it is measured
against is its ``baseline``). The file holds ``{"name", "date", "commit", "machine", "figures": {NAME: {"value",
"unit", "target", "met", "baseline", "runs"}}, "notes"}``.

Example:
    >>> speed = figure("ratio", [0.91, 0.95, 0.93], "×", at_least=0.8, baseline="plain loop 4,812 rows/s")
    >>> speed.value, speed.target, speed.met
    (0.93, '≥ 0.8', True)
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
NAMED_VERSIONS = ("ray", "torch", "deepspeed", "transformers", "tokenizers", "pyarrow", "numpy")


@dataclass(frozen=True)
class Figure:
    """One number that was measured.

    ``value`` is the median of ``runs`` (or the number itself where there was one run), ``target`` what was asked for
    ("≥ 0.8"; "" where nothing was), ``met`` whether it was reached (None without a target), ``baseline`` the other side
    of a comparison, in words or as a number.
    """

    name: str
    value: float
    unit: str
    target: str = ""
    met: bool | None = None
    baseline: str | float | None = None
    runs: tuple[float, ...] = ()

    @property
    def spread(self) -> str:
        """Smallest to largest run; "" where there was one."""
        return f"{number(min(self.runs))} – {number(max(self.runs))}" if len(self.runs) > 1 else ""


def figure(
    name: str,
    runs: Sequence[float],
    unit: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    baseline: str | float | None = None,
) -> Figure:
    """The median of ``runs`` judged against at most one bound.

    Raises:
        ValueError: there are no runs, or two bounds.
    """
    if not runs or (at_least is not None and at_most is not None):
        raise ValueError(f"figure {name}: give at least one run and at most one bound")
    value = float(statistics.median(runs))
    target, met = "", None
    if at_least is not None:
        target, met = f"≥ {at_least:g}", value >= at_least
    elif at_most is not None:
        target, met = f"≤ {at_most:g}", value <= at_most
    return Figure(name, value, unit, target, met, baseline, tuple(float(run) for run in runs))


def arguments(name: str, description: str) -> argparse.ArgumentParser:
    """The flags every benchmark has: ``--quick``, ``--json PATH``, ``--data FOLDER``; add your own."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    parser.add_argument("--quick", action="store_true", help="a smaller run that shows that it works")
    parser.add_argument(
        "--json", type=Path, default=None, help=f"where to write (default benchmarks/results/{name}.json)"
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="data that is not ours")
    return parser


def write_results(name: str, figures: Sequence[Figure], notes: str = "", json_path: Path | None = None) -> Path:
    """Print the table, write the JSON (default ``benchmarks/results/NAME.json``) and return where it lies."""
    path = json_path or RESULTS / f"{name}.json"
    document = {
        "name": name,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": machine(),
        "figures": {
            each.name: {
                "value": each.value,
                "unit": each.unit,
                "target": each.target,
                "met": each.met,
                "baseline": each.baseline,
                "runs": list(each.runs),
            }
            for each in figures
        },
        "notes": notes,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    print(table(figures))
    if notes:
        print(f"\n{notes}")
    print(f"\nwritten: {path}")
    return path


def write_parts(
    files: Mapping[str, str], figures: Mapping[str, Sequence[Figure]], notes: str, json_path: Path | None = None
) -> None:
    """The figures of each part where ``files`` says that it belongs, or all in the one file that was named."""
    if json_path is not None:
        write_results(json_path.stem, list(chain.from_iterable(figures.values())), notes, json_path)
        return
    for name in dict.fromkeys(files.values()):
        if own := [one for part, several in figures.items() if files[part] == name for one in several]:
            write_results(name, own, notes)


def table(figures: Sequence[Figure]) -> str:
    """The figures as aligned columns."""
    words = {True: "yes", False: "NO", None: ""}
    rows = [("figure", "value", "unit", "spread", "target", "met", "baseline")]
    for each in figures:
        baseline = number(each.baseline) if isinstance(each.baseline, int | float) else each.baseline or ""
        rows.append((each.name, number(each.value), each.unit, each.spread, each.target, words[each.met], baseline))
    return aligned(rows)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of equally many cells as aligned columns, a rule under the first."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def number(value: float) -> str:
    """Four significant digits, thousands apart: ``4,812``, ``0.9312``."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def machine() -> str:
    """Cores, memory, Python and the versions that matter; nothing that names the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = []
    for package in NAMED_VERSIONS:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return f"{cores} cores, {memory:.0f} GiB, {platform.machine()}, Python {platform.python_version()}, " + ", ".join(
        versions
    )


def _commit() -> str:
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or "unknown"
