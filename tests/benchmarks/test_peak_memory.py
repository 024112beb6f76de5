"""Peak memory."""

from __future__ import annotations

from benchmarks.peak_memory import peak_memory

MUCH = 64 * 2**20


def test_what_ends_at_once_has_a_peak_too() -> None:
    with peak_memory() as nothing:
        pass
    with peak_memory() as peak:
        kept = b"x" * MUCH
    assert nothing[0] > 0
    assert peak[0] > nothing[0] + MUCH / 2
    del kept
