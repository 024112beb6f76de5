from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from iirl_core.canonical import folder_of
from iirl_core.release import Facts, decide_admission, read_channel, read_dossier, release, revoke
from iirl_core.signing import Subject, Trust
from iirl_core.store import DirectoryStore
from tests.iirl_core.release.bench import THRESHOLDS, Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(DirectoryStore(tmp_path))


@pytest.fixture
def facts(bench: Bench) -> Facts:
    facts = bench.ready("one")
    release(bench.store, facts, "production", thresholds=THRESHOLDS, key=bench.approver, trust=bench.trust)
    return facts


def _remove(bench: Bench, facts: Facts, kind: str) -> None:
    assert isinstance(bench.store, DirectoryStore)
    for path in (bench.store.root / "statements" / folder_of(facts.digest)).glob(f"{kind}-*"):
        path.unlink()


def reasons(bench: Bench, trust: Trust | None = None) -> str:
    current = read_channel(bench.store, "portal", "production", bench.trust)
    assert current is not None
    dossier = read_dossier(bench.store, current.predicate.digest)
    return "; ".join(decide_admission(current.predicate, dossier, trust or bench.trust))


def test_nothing_speaks_against_what_was_released(bench: Bench, facts: Facts) -> None:
    assert reasons(bench) == ""


def test_a_later_failed_audit_is_no_outage(bench: Bench, facts: Facts) -> None:
    bench.audited(facts.digest, round=2, passed=False)
    assert reasons(bench) == ""


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda bench, facts: _remove(bench, facts, "seal"), "no builder has sealed it"),
        (lambda bench, facts: _remove(bench, facts, "audit"), "audit .* is gone"),
        (lambda bench, facts: _remove(bench, facts, "approval"), "approval .* is gone"),
        (
            lambda bench, facts: bench.store.put(f"audits/{folder_of(facts.digest)}/1/audit.json", b"{}"),
            "gone or changed: audit.json",
        ),
        (
            lambda bench, facts: revoke(
                bench.store, Subject("portal", facts.digest), "it praises doses", bench.approver
            ),
            "revoked",
        ),
    ],
)
def test_what_does_not_hold_is_not_served_and_said(
    bench: Bench, facts: Facts, spoil: Callable[[Bench, Facts], None], reason: str
) -> None:
    spoil(bench, facts)
    assert re.search(reason, reasons(bench))


def test_a_server_that_trusts_no_auditor_serves_nothing(bench: Bench, facts: Facts) -> None:
    assert re.search("audit statement .* unknown key", reasons(bench, Trust.of(bench.builder, bench.approver)))
