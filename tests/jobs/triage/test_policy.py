from __future__ import annotations

from dataclasses import replace

from iirl_core.artifact import load_from
from iirl_core.audit import Finding
from iirl_core.log import entries
from iirl_core.norm import norms_of
from iirl_core.probe import Probe
from iirl_core.release import audit_file, resolve
from iirl_core.signing import (
    KeyRole,
    Label,
    LabelPredicate,
    Subject,
    Trust,
    UndoPredicate,
    sign_statement,
    store_statement,
)
from jobs import patch, triage
from jobs.audit.material import gather_material
from jobs.history import PLACES, history_of
from jobs.proof import prove
from tests.jobs.triage.audited import ROUND, Audited, keep_audit
from tests.jobs.wheel import quiet


def say(audited: Audited, sequence: int, *labels: Label, round_: int = ROUND) -> None:
    said = LabelPredicate(round_, sequence, labels)
    statement = sign_statement(audited.key(KeyRole.REVIEWER), Subject("sample", audited.root), said)
    store_statement(audited.store, statement)


def take_back(audited: Audited, label: str, round_: int = ROUND) -> None:
    said = UndoPredicate(round_, (label,))
    statement = sign_statement(audited.key(KeyRole.REVIEWER), Subject("sample", audited.root), said)
    store_statement(audited.store, statement)


def former(audited: Audited) -> tuple[Probe, ...]:
    config, trust = audited.config(), Trust.from_folder(audited.folder / "keys")
    history = history_of(audited.store, audited.root, trust)
    artifact = load_from(audited.store, audited.root)
    return gather_material(audited.store, config, artifact, norms_of(config), history)[1].former


def asked_again(finding: Finding) -> Finding:
    return replace(finding, round=2)


def test_triage_keeps_where_the_findings_lie_and_signs_it_once(audited: Audited) -> None:
    for _ in range(2):
        triage.run(audited.session, audited.config(), quiet())
    assert [entry.event.kind for entry in entries(audited.store)].count("triage") == 1
    trust = Trust.from_folder(audited.folder / "keys")
    name = f"file {PLACES} of triage round 1"
    assert not {check.name: check for check in prove(audited.store, audited.root, None, trust)}[name].problem
    audited.store.put(audit_file(audited.root, ROUND, PLACES), b"elsewhere")
    assert {check.name: check for check in prove(audited.store, audited.root, None, trust)}[name].problem


def test_the_wheel_labels_without_laying_out_and_forgets_no_places(audited: Audited) -> None:
    past, config = audited.past(), audited.config()
    triage.triage_round(audited.session, config, past.audit, past.findings())
    assert audited.past().triage.files == ()  # type: ignore[union-attr]
    triage.run(audited.session, config, quiet())
    triage.triage_round(audited.session, audited.config(triage="manual"), past.audit, past.findings())
    last = audited.past().triage
    assert last is not None
    assert (last.sequence, [name for name, _ in last.files]) == (2, [PLACES])
    assert set(audited.past().labels.values()) == {"unsure"}


def test_only_what_people_call_a_flaw_is_mended_where_the_policy_leaves_it_to_them(audited: Audited) -> None:
    config = audited.config(triage="manual")
    assert triage.run(audited.session, config, quiet()).next == "iirl triage list CONFIG.yaml"
    assert not patch.run(audited.session, config, quiet()).passed
    finding = audited.past().findings()[0]
    say(audited, 0, Label(finding.id, "flaw"))
    assert "1 flaw" in triage.run(audited.session, config, quiet()).made, "the policy does not take a label back"
    assert patch.run(audited.session, config, quiet()).passed
    child = load_from(audited.store, resolve(audited.store, "sample"))
    assert {name for one in child.model.patches for name in one.findings} == {finding.id}
    assert child.manifest.human
    assert child.manifest.supervision == "demonstrations-only"


def test_what_people_do_not_call_a_flaw_is_not_mended_whatever_the_policy_says(audited: Audited) -> None:
    config = audited.config()
    triage.run(audited.session, config, quiet())
    findings = audited.past().findings()
    say(audited, 0, Label(findings[0].id, "flaw"))
    say(audited, 1, Label(findings[0].id, "not a flaw", "it may go there"), Label(findings[1].id, "unsure"))
    assert patch.run(audited.session, config, quiet()).passed
    child = load_from(audited.store, resolve(audited.store, "sample"))
    cited = {name for one in child.model.repairs for name in one.findings}
    assert cited
    assert not cited & {findings[0].id, findings[1].id}
    assert child.manifest.human, "they kept two repairs from being made"


def test_a_repair_that_the_policy_alone_decided_is_not_supervised_by_people(audited: Audited) -> None:
    triage.run(audited.session, audited.config(), quiet())
    patch.run(audited.session, audited.config(), quiet())
    assert not load_from(audited.store, resolve(audited.store, "sample")).manifest.human


def test_a_label_that_spread_is_acted_on_from_the_configured_confidence_on(audited: Audited) -> None:
    triage.run(audited.session, audited.config(triage="manual"), quiet())
    findings = audited.past().findings()
    spread = tuple(sorted(((findings[1].id, 0.7), (findings[2].id, 0.3))))
    say(audited, 0, Label(findings[0].id, "flaw", cluster="c-1", spread=spread))
    outcome = triage.run(audited.session, audited.config(triage="manual"), quiet())
    assert "2 flaw" in outcome.made
    every = triage.run(audited.session, audited.config(triage="manual", review={"confidence": 0.2}), quiet())
    assert "3 flaw" in every.made


def test_a_question_that_is_asked_again_keeps_the_label_that_people_gave_it(audited: Audited) -> None:
    config = audited.config()
    first = audited.past().findings()
    say(audited, 0, Label(first[0].id, "unsure"), Label(first[1].id, "not a flaw", "fine"))
    keep_audit(audited, audited.root, 2, former=tuple(asked_again(one) for one in first[:3]))
    triage.run(audited.session, config, quiet())
    past = audited.past()
    assert past.audit.round == 2
    labels = [past.labels[asked_again(one).id] for one in first[:3]]
    assert labels == ["unsure", "not a flaw", "flaw"]
    assert patch.run(audited.session, config, quiet()).passed
    assert load_from(audited.store, resolve(audited.store, "sample")).manifest.human


def test_what_people_last_called_no_flaw_is_not_asked_again_and_all_else_is(audited: Audited) -> None:
    first = audited.past().findings()
    keep_audit(audited, audited.root, 2, former=tuple(asked_again(one) for one in first[:4]))
    spread = ((first[3].id, 0.9),)
    say(audited, 0, Label(first[0].id, "not a flaw", "fine"), Label(first[1].id, "not a flaw", "fine", spread=spread))
    say(audited, 1, Label(asked_again(first[1]).id, "flaw"), round_=2)
    say(audited, 2, Label(asked_again(first[2]).id, "not a flaw", "fine, too"), round_=2)
    asked = {probe.label for probe in former(audited)}
    assert first[0].label not in asked
    assert first[1].label in asked, "the later word counts"
    assert first[2].label not in asked, "said of the same question under its newer id"
    assert first[3].label in asked, "nobody looked at it: what spread closes nothing"
    (word,) = [one for one in audited.past().said if one.label.finding == asked_again(first[2]).id]
    take_back(audited, word.id, round_=2)
    assert first[2].label in {probe.label for probe in former(audited)}
