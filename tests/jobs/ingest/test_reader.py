import pytest

from jobs.ingest.reader import LEAST_CHUNK, MOST_CHUNK, chunk_for


@pytest.mark.parametrize(
    ("stored", "cpus", "expected"),
    [
        (0, 2, LEAST_CHUNK),
        (4 << 20, 2, 1 << 20),
        (4 << 20, 4, 512 << 10),
        (4 << 20, 0, 2 << 20),
        (10 << 30, 2, MOST_CHUNK),
        (10 << 30, 10_000, 536870),
    ],
)
def test_a_small_file_still_feeds_every_cpu_and_a_large_one_makes_few_tasks(stored, cpus, expected):
    assert chunk_for(stored, cpus) == expected
