from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.audit import findings_to_bytes
from iirl_core.canonical import digest_bytes
from iirl_core.errors import ArtifactError, Gated, Tampered
from iirl_core.log import Event, append_once
from iirl_core.release import audit_file
from iirl_core.signing import (
    KeyRole,
    Label,
    LabelPredicate,
    Predicate,
    Subject,
    TriagePredicate,
    Trust,
    UndoPredicate,
    generate_key,
    sign_statement,
    store_statement,
)
from jobs.history import history_of, latest_round
from jobs.proof import prove
from tests.jobs.wheel import Wheel

POLICY = "policy:" + "0" * 64


def say(wheel: Wheel, role: KeyRole, said: Predicate) -> None:
    store_statement(wheel.store, sign_statement(wheel.key(role), Subject("sample", wheel.root), said))


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


def test_peoples_last_word_goes_before_the_policy_whenever_that_speaks(wheel: Wheel) -> None:
    trust = Trust.from_folder(wheel.keys)
    say(wheel, KeyRole.REVIEWER, LabelPredicate(1, 0, (Label("f-1", "unsure"),)))
    say(wheel, KeyRole.AUDITOR, TriagePredicate(1, POLICY, (("f-1", "flaw"), ("f-2", "flaw")), 5))
    assert latest_round(wheel.store, wheel.root, trust).labels == {"f-1": "unsure", "f-2": "flaw"}
    said = LabelPredicate(
        1, 1, (Label("f-1", "not a flaw", "it is far, and may be", cluster="c", spread=(("f-2", 0.6),)),)
    )
    say(wheel, KeyRole.REVIEWER, said)
    assert latest_round(wheel.store, wheel.root, trust).labels == {"f-1": "not a flaw", "f-2": "flaw"}
    assert latest_round(wheel.store, wheel.root, trust, 0.6).labels == {"f-1": "not a flaw", "f-2": "not a flaw"}


def test_a_label_that_was_taken_back_counts_no_more_and_is_still_there(wheel: Wheel) -> None:
    trust = Trust.from_folder(wheel.keys)
    say(wheel, KeyRole.REVIEWER, LabelPredicate(1, 0, (Label("f-1", "unsure"),)))
    (said,) = latest_round(wheel.store, wheel.root, trust).said
    say(wheel, KeyRole.REVIEWER, UndoPredicate(1, (said.id,)))
    past = latest_round(wheel.store, wheel.root, trust)
    assert past.labels == {"f-1": "flaw"}
    assert past.said == (said,)


def test_labels_of_a_person_whom_nobody_knows_are_not_believed(wheel: Wheel, tmp_path: Path) -> None:
    stranger = generate_key(tmp_path / "strangers", KeyRole.REVIEWER)
    said = LabelPredicate(1, 0, (Label("f-1", "not a flaw", "let it through"),))
    store_statement(wheel.store, sign_statement(stranger, Subject("sample", wheel.root), said))
    with pytest.raises(Gated, match="unknown key"):
        latest_round(wheel.store, wheel.root, Trust.from_folder(wheel.keys))


def test_labels_of_the_log_whose_statement_is_gone_are_told(wheel: Wheel) -> None:
    trust, said = Trust.from_folder(wheel.keys), LabelPredicate(1, 0, (Label("f-1", "unsure"),))
    key = wheel.key(KeyRole.REVIEWER)
    statement = sign_statement(key, Subject("sample", wheel.root), said)
    where = store_statement(wheel.store, statement)
    details = (("round", "1"), ("labels", "1"), ("statement", digest_bytes(statement)))
    append_once(wheel.store, Event("label", wheel.root, "sample", key.id, details))

    def told() -> list[str]:
        return [check.problem for check in prove(wheel.store, wheel.root, None, trust) if "in the log" in check.name]

    assert told() == []
    (Path(wheel.config.store) / where).unlink()
    (problem,) = told()
    assert "say it again with iirl triage" in problem


def test_labels_are_proved_and_an_auditor_cannot_give_them(wheel: Wheel) -> None:
    trust = Trust.from_folder(wheel.keys)
    with pytest.raises(ArtifactError, match="a label statement signed by the auditor"):
        sign_statement(wheel.key(KeyRole.AUDITOR), Subject("sample", wheel.root), LabelPredicate(1, 0, ()))
    say(wheel, KeyRole.REVIEWER, LabelPredicate(1, 0, (Label("f-1", "unsure"),)))
    say(wheel, KeyRole.REVIEWER, UndoPredicate(1, ("l-1",)))
    found = {check.name: check for check in prove(wheel.store, wheel.root, None, trust)}
    for name in ("labels of a person", "labels taken back"):
        assert found[name].note.startswith("signed by reviewer")
        assert not found[name].problem
