from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.canonical import digest_bytes
from iirl_core.config.governance import AuditSection
from iirl_core.errors import ConfigError
from jobs.audit.job import check_families
from jobs.audit.plan import budgets_of, chunks_of
from tests.jobs.audit.turning import wheel_config

DIGEST = digest_bytes(b"artifact")


def test_chunks_ask_for_exactly_the_budget_of_every_family(tmp_path: Path) -> None:
    config = wheel_config(tmp_path, audit={"probes": {"far": 450, "uniform": 200}, "chunk": 200})
    chunks = chunks_of(config, DIGEST, 3, former=0)
    counts = [(chunk.seed.family, chunk.seed.chunk, chunk.count) for chunk in chunks]
    assert counts == [("far", 0, 200), ("far", 1, 200), ("far", 2, 50), ("uniform", 0, 200)]
    assert {chunk.seed.round for chunk in chunks} == {3}


def test_a_budget_is_shared_out_as_the_families_are_and_to_the_last_probe() -> None:
    section = AuditSection(probes={"far": 300, "uniform": 100, "ascent": 1}, budget=1_000_001)
    budgets = budgets_of(section)
    assert sum(budgets.values()) == 1_000_001
    assert budgets == {"far": 748_130, "uniform": 249_377, "ascent": 2_494}
    assert budgets_of(AuditSection(probes={"far": 3, "uniform": 4})) == {"far": 3, "uniform": 4}
    assert budgets_of(AuditSection(probes={"far": 3, "uniform": 4}, budget=2)) == {"far": 1, "uniform": 1}


def test_every_former_finding_is_asked_again_by_equal_chunks(tmp_path: Path) -> None:
    config = wheel_config(tmp_path, audit={"probes": {"far": 10}, "chunk": 4})
    former = [chunk for chunk in chunks_of(config, DIGEST, 1, former=9) if chunk.seed.family == "former"]
    assert [(chunk.seed.chunk, chunk.count) for chunk in former] == [(0, 4), (1, 4), (2, 4)]


def test_another_round_or_digest_asks_other_questions(tmp_path: Path) -> None:
    config = wheel_config(tmp_path)
    first, second = chunks_of(config, DIGEST, 1, former=0)[0], chunks_of(config, DIGEST, 2, former=0)[0]
    assert first.seed.entropy() != second.seed.entropy()
    assert chunks_of(config, digest_bytes(b"child"), 1, former=0)[0].seed.entropy() != first.seed.entropy()


def test_a_family_that_is_unknown_or_of_the_other_kind_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no family 'fire'"):
        check_families(wheel_config(tmp_path, audit={"probes": {"far": 1, "fire": 1}}))
    with pytest.raises(ConfigError, match="former has no budget"):
        check_families(wheel_config(tmp_path, audit={"probes": {"far": 1, "former": 1}}))
    with pytest.raises(ConfigError, match="empty asks about conversations"):
        check_families(wheel_config(tmp_path, audit={"probes": {"far": 1, "empty": 1}}))
    with pytest.raises(ConfigError, match=r"audit\.optimiser\.environment"):
        check_families(wheel_config(tmp_path, audit={"probes": {"far": 1, "policy": 1}}))
    with pytest.raises(ConfigError, match=r"audit\.steered: no family"):
        check_families(wheel_config(tmp_path, audit={"probes": {"far": 1}, "held_out": ["far"], "steered": 0.5}))
    with pytest.raises(ConfigError, match=r"held_out: uniform asks nothing; expected one of far"):
        check_families(wheel_config(tmp_path, audit={"probes": {"far": 1}, "held_out": ["uniform"]}))


def test_an_audit_without_norms_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="norms: there are none"):
        check_families(wheel_config(tmp_path, norms=[]))


def test_norms_that_contradict_each_other_are_refused_before_anything_starts(tmp_path: Path) -> None:
    ceiling = wheel_config(tmp_path).norms[0].model_dump()
    floor = {**ceiling, "id": "far-is-high", "kind": "floor", "threshold": 0.5}
    with pytest.raises(ConfigError, match="'far-is-low' and 'far-is-high' contradict each other about far"):
        check_families(wheel_config(tmp_path, norms=[ceiling, floor]))


def test_an_audit_whose_families_all_have_a_budget_of_zero_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"audit\.probes: nothing is asked; expected a family with a budget above 0"):
        check_families(wheel_config(tmp_path, audit={"probes": {"far": 0}}))
