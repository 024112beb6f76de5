from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from iirl_core.canonical import digest_bytes
from iirl_core.release import Decision, Facts, Gate, audit_file, decide_release, decide_rollback, read_dossier, revoke
from iirl_core.signing import KeyRole, Subject, Trust
from iirl_core.store import DirectoryStore
from tests.iirl_core.release.bench import THRESHOLDS, Bench, new_key


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(DirectoryStore(tmp_path))


def decide(bench: Bench, facts: Facts, trust: Trust | None = None) -> Gate:
    return decide_release(facts, read_dossier(bench.store, facts.digest), trust or bench.trust, None, THRESHOLDS)


def test_a_sealed_digest_that_passed_its_audit_opens_the_gate(bench: Bench) -> None:
    facts = bench.sealed("one")
    audit = bench.audited(facts.digest)
    gate = decide(bench, facts)
    assert (gate.decision, gate.reasons) == (Decision.RELEASE, ())
    assert gate.audit is not None
    assert gate.audit.digest == audit


def _untouched(bench: Bench) -> Facts:
    return bench.sealed("one")


def _unsealed(bench: Bench) -> Facts:
    facts = Facts("portal", "portal", "0.1.0", None, digest_bytes(b"one"))
    bench.audited(facts.digest)
    return facts


def _failed(bench: Bench) -> Facts:
    facts = bench.sealed("one")
    bench.audited(facts.digest, passed=False)
    return facts


def _passed_then_failed(bench: Bench) -> Facts:
    facts = bench.ready("one")
    bench.audited(facts.digest, round=2, passed=False)
    return facts


def _passed_and_failed_in_one_round(bench: Bench) -> Facts:
    facts = bench.ready("one")
    bench.audited(facts.digest, round=1, passed=False)
    return facts


def _audited_by_a_stranger(bench: Bench) -> Facts:
    facts = bench.sealed("one")
    bench.audited(facts.digest, key=new_key(KeyRole.AUDITOR))
    return facts


def _sealed_by_a_stranger(bench: Bench) -> Facts:
    facts = bench.sealed("one", key=new_key(KeyRole.BUILDER))
    bench.audited(facts.digest)
    return facts


def _of_another_name(bench: Bench) -> Facts:
    return replace(bench.ready("one"), wanted_name="spatial")


def _of_another_version(bench: Bench) -> Facts:
    return replace(bench.ready("one"), version="9.9.9")


def _revoked(bench: Bench) -> Facts:
    facts = bench.ready("one")
    revoke(bench.store, Subject("portal", facts.digest), "it praises doses", bench.approver)
    return facts


def _findings_changed(bench: Bench) -> Facts:
    facts = bench.ready("one")
    bench.store.put(audit_file(facts.digest, 1, "audit.json"), b"all is well")
    return facts


def _audit_copied_from_another_digest(bench: Bench) -> Facts:
    facts, other = bench.sealed("one"), bench.ready("two")
    (statement,) = read_dossier(bench.store, other.digest).audits
    folder = f"statements/{facts.digest.replace(':', '-')}"
    bench.store.put(f"{folder}/audit-{digest_bytes(statement)[7:19]}.json", statement)
    return facts


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (_untouched, "never audited"),
        (_unsealed, "no builder has sealed it"),
        (_failed, "round 1 did not pass (1 open finding of no-dosage)"),
        (_passed_then_failed, "round 2 did not pass"),
        (_passed_and_failed_in_one_round, "round 1 did not pass"),
        (_audited_by_a_stranger, "unknown key"),
        (_sealed_by_a_stranger, "unknown key"),
        (_of_another_name, "a version of portal, not of spatial"),
        (_of_another_version, "another version"),
        (_revoked, "revoked (it praises doses)"),
        (_findings_changed, "gone or changed: audit.json"),
        (_audit_copied_from_another_digest, "is about"),
    ],
)
def test_the_gate_stays_closed_and_says_why(bench: Bench, prepare: Callable[[Bench], Facts], reason: str) -> None:
    gate = decide(bench, prepare(bench))
    assert gate.decision is Decision.REFUSE
    assert reason in "; ".join(gate.reasons)
    assert len(gate.reasons) == 1


def test_every_reason_is_given_at_once(bench: Bench) -> None:
    gate = decide(bench, Facts("spatial", "portal", "0.1.0", None, digest_bytes(b"nothing")))
    assert len(gate.reasons) == 3


def test_a_failed_audit_of_a_stranger_closes_nothing(bench: Bench) -> None:
    facts = bench.ready("one")
    bench.audited(facts.digest, round=2, passed=False, key=new_key(KeyRole.AUDITOR))
    assert decide(bench, facts).decision is Decision.RELEASE


def test_a_revocation_of_a_stranger_closes_nothing(bench: Bench) -> None:
    facts = bench.ready("one")
    revoke(bench.store, Subject("portal", facts.digest), "spite", new_key(KeyRole.APPROVER))
    assert decide(bench, facts).decision is Decision.RELEASE


def test_the_auditors_key_does_not_seal(bench: Bench) -> None:
    facts = bench.ready("one")
    gate = decide(bench, facts, trust=Trust.of(bench.auditor, bench.approver))
    assert gate.decision is Decision.REFUSE


def test_there_is_no_way_back_from_the_first_release(bench: Bench) -> None:
    gate = decide_rollback(None, None, bench.trust)
    assert (gate.decision, gate.reasons) == (Decision.REFUSE, ("no release came before it",))
