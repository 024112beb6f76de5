"""How long a person waits before a command says anything: ``--help`` and ``train --dry-run``, in a fresh process.

Baseline: ``python -c pass``, the interpreter alone. Commands take turns, so that a busy moment hits all of them alike.

    python -m benchmarks.cli [--quick] [--json PATH]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import arguments, figure, write_results

ROOT = Path(__file__).resolve().parent.parent
CONFIG = "examples/spatial/config.yaml"
SECONDS = 0.5


def seconds(command: Sequence[str]) -> float:
    """The wall time of one run, from start to exit."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *command], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def measure(commands: dict[str, Sequence[str]], repeats: int) -> dict[str, list[float]]:
    """Wall times by name, after one unmeasured run of each (it fills the file cache and writes bytecode)."""
    for command in commands.values():
        seconds(command)
    runs: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            runs[name].append(seconds(command))
    return runs


def main() -> None:
    """Measure, print and write."""
    options = arguments("cli", __doc__ or "").parse_args()
    commands = {
        "python -c pass": ["-c", "pass"],
        "iirl --help": ["-m", "jobs", "--help"],
        "iirl train --dry-run": ["-m", "jobs", "train", CONFIG, "--dry-run"],
    }
    runs = measure(commands, repeats=3 if options.quick else 20)
    bare = runs.pop("python -c pass")
    against = f"python -c pass {statistics.median(bare):.3f} s"
    figures = [figure("python -c pass", bare, "s")]
    figures += [figure(name, times, "s", at_most=SECONDS, baseline=against) for name, times in runs.items()]
    write_results("cli", figures, f"{CONFIG}; wall time of a fresh process, commands in turn.", options.json)


if __name__ == "__main__":
    main()
