"""Peak memory."""

from __future__ import annotations

import subprocess
import sys

MUCH = 64 * 2**20
MEASURED = f"""
from benchmarks.peak_memory import peak_memory
with peak_memory() as nothing:
    pass
with peak_memory() as peak:
    kept = b"x" * {MUCH}
print(nothing[0], peak[0])
"""


def test_what_ends_at_once_has_a_peak_too() -> None:
    alone = [sys.executable, "-c", MEASURED]  # what tests left below this process comes and goes
    nothing, peak = map(float, subprocess.run(alone, capture_output=True, text=True, check=True).stdout.split())
    assert nothing > 0
    assert peak > nothing + MUCH / 2
