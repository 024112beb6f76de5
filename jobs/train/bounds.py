"""How many rows lie in a file, and in memory, at a time."""

ROWS_PER_FILE = 65_536
KEPT_ROWS = 4 * ROWS_PER_FILE
"""Decoded rows that a reader keeps: a batch at the seam of two epochs touches two windows, each across two files."""
