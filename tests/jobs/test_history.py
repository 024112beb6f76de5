from __future__ import annotations

import pytest

from iirl_core.audit import findings_to_bytes
from iirl_core.errors import Tampered
from iirl_core.release import audit_file
from iirl_core.signing import KeyRole, Subject, TriagePredicate, Trust, sign_statement, store_statement
from jobs.history import history_of, latest_round
from tests.jobs.wheel import Wheel

POLICY = "policy:" + "0" * 64


def test_an_audit_that_was_rewritten_after_it_was_signed_is_not_believed(wheel: Wheel) -> None:
    key = audit_file(wheel.root, 1, "audit.json")
    failed = wheel.store.get(key)
    cleaned = failed.replace(b'"open_hard":3', b'"open_hard":0')
    assert cleaned != failed
    wheel.store.put(key, cleaned)
    with pytest.raises(Tampered, match=r"audit of round 1 about .* was changed"):
        history_of(wheel.store, wheel.child, Trust.from_folder(wheel.keys))


def test_findings_that_the_audit_does_not_list_are_not_believed(wheel: Wheel) -> None:
    wheel.store.put(audit_file(wheel.root, 1, "findings.parquet"), findings_to_bytes(()))
    past = history_of(wheel.store, wheel.child, Trust.from_folder(wheel.keys))[0]
    with pytest.raises(Tampered, match=r"findings of round 1 about .* were changed"):
        past.findings()


def test_of_several_triages_of_a_round_the_last_one_counts(wheel: Wheel) -> None:
    trust = Trust.from_folder(wheel.keys)
    for sequence in range(1, 9):  # their files' names are hashes, in no order
        label = "flaw" if sequence % 2 else "unsure"
        said = TriagePredicate(1, POLICY, (("f-1", label),), sequence)
        store_statement(wheel.store, sign_statement(wheel.key(KeyRole.AUDITOR), Subject("sample", wheel.root), said))
        assert latest_round(wheel.store, wheel.root, trust).labels == {"f-1": label}
