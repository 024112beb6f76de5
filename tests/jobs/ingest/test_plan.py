from jobs.ingest.plan import Run, ShardPlans


def test_shards_are_full_and_runs_end_where_rows_were_left_out():
    plans = ShardPlans(rows_per_shard=4)
    for part, place in [("a", 0), ("a", 1), ("a", 3), ("b", 0), ("b", 1), ("b", 2)]:
        plans.add(part, place)
    assert plans.shards == [[Run("a", 0, 2), Run("a", 3, 4), Run("b", 0, 1)], [Run("b", 1, 3)]]


def test_memory_goes_with_parts_and_not_with_rows():
    plans = ShardPlans(rows_per_shard=1000)
    for row in range(5000):
        plans.add(f"part-{row // 2500}", row % 2500)
    assert sum(len(runs) for runs in plans.shards) == 6
