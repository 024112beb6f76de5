"""Repairs that wait for a person: kept with their evidence, accepted or rejected under a key of the person's own."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from cluster.session import Session
from iirl_core.artifact import load_from, seal_child
from iirl_core.artifact.model_digest import model_digest
from iirl_core.canonical import Digest, digest_json, folder_of
from iirl_core.config import Config
from iirl_core.errors import ArtifactError, ConfigError, InputError, Tampered
from iirl_core.log import entries
from iirl_core.patch import check_budget
from iirl_core.release import audit_file, resolve
from iirl_core.signing import RepairPredicate, SealPredicate, Trust, statements_of, verify_envelope
from iirl_core.store import DirectoryStore
from jobs import patch
from jobs.__main__ import main
from jobs.cli import parser
from jobs.commands import module_of
from jobs.console import Progress
from jobs.history import history_of
from jobs.patch import deciding
from jobs.patch.deciding import accept, reject
from jobs.patch.sealing import make_latest
from jobs.patch.suggestion import Suggestion, keep_suggestion, suggestions_of
from jobs.report.chain import repair_record
from tests.iirl_core.artifact.samples import patch_at, walks
from tests.jobs.audit.turning import wheel_config
from tests.jobs.patch.audited import audited_root
from tests.jobs.wheel import quiet

SUGGESTED = {"approval": "suggested"}


def decisions(session: object, keys: Path, digest: str) -> list[RepairPredicate]:
    store, trust = session.store, Trust.from_folder(keys)  # type: ignore[attr-defined]
    found = statements_of(store, digest, RepairPredicate.kind)  # type: ignore[arg-type]
    return [verify_envelope(data, trust, RepairPredicate, digest).predicate for data in found]  # type: ignore[arg-type]


def test_a_suggested_repair_is_kept_and_sealed_when_a_person_accepts_it(tmp_path: Path) -> None:
    session, config, root = audited_root(tmp_path, patch=SUGGESTED)
    outcome = patch.run(session, config, quiet())
    assert not outcome.passed
    assert "--accept" in outcome.next
    assert resolve(session.store, "sample") == root, "nothing was sealed"
    (waits,) = suggestions_of(session.store, root, 1)
    assert waits.id in outcome.made
    record = json.loads(session.store.get(audit_file(root, 1, patch.REPAIR)))
    assert (record["child"], record["suggestions"]) == (None, [waits.id])

    assert accept(session, config, quiet()).passed
    child = load_from(session.store, resolve(session.store, "sample"))
    assert child.manifest.parent == root
    assert child.model.repairs == waits.repairs
    assert child.manifest.human, "a person had a say in it"
    assert [one.decision for one in decisions(session, tmp_path / "keys", root)] == ["accept"]
    assert statements_of(session.store, child.digest, SealPredicate.kind)
    kinds = [(entry.event.kind, entry.event.subject) for entry in entries(session.store)][-2:]
    assert kinds == [("accept", root), ("patch", child.digest)]
    record = json.loads(session.store.get(audit_file(root, 1, patch.REPAIR)))
    assert record["child"] == child.digest
    with pytest.raises(InputError, match="0 suggestions are open"):
        accept(session, config, quiet(), root)


def test_accepting_that_was_interrupted_is_finished_by_doing_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, config, root = audited_root(tmp_path, patch=SUGGESTED)
    patch.run(session, config, quiet())

    with monkeypatch.context() as interrupted:
        interrupted.setattr(deciding, "sign_child", _killed)
        with pytest.raises(KeyboardInterrupt):
            accept(session, config, quiet())
    assert resolve(session.store, "sample") == root
    assert accept(session, config, quiet()).passed
    child = resolve(session.store, "sample")
    assert load_from(session.store, child).manifest.parent == root
    assert [entry.event.kind for entry in entries(session.store)][-2:] == ["accept", "patch"]
    assert statements_of(session.store, child, SealPredicate.kind)


def _told(session: Session) -> dict[str, bytes | str]:
    """All that the store holds, without the times and hashes of the log."""
    told: dict[str, bytes | str] = {
        key: session.store.get(key) for key in session.store.list("") if not key.startswith("log/")
    }
    events = [entry.event for entry in entries(session.store)]
    return {**told, "log": repr(events)}


@pytest.mark.parametrize("latest", [True, False])
def test_wherever_accepting_is_killed_doing_it_again_comes_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, latest: bool
) -> None:
    _, _, root = audited_root(tmp_path / "suggested", patch=SUGGESTED)
    session, config = _copied(tmp_path / "suggested", tmp_path / "whole")
    patch.run(session, config, quiet())
    if not latest:
        _other_latest(session, config, root)
    shutil.copytree(tmp_path / "whole", tmp_path / "before")
    asked = None if latest else root
    accept(session, config, quiet(), asked)
    whole, child, writes = _told(session), resolve(session.store, "sample"), 0
    while True:
        session, config = _copied(tmp_path / "before", tmp_path / f"killed-{writes}")
        if not _accepted_in(session, config, asked, writes, monkeypatch):
            break
        if resolve(session.store, "sample") != child:  # else all is done but for a note of it
            assert accept(session, config, quiet(), asked).passed, f"killed after {writes} writes"
            assert _told(session) == whole, f"killed after {writes} writes"
        with pytest.raises(InputError, match="0 suggestions are open"):
            accept(session, config, quiet(), root)
        writes += 1
    assert writes > 6


def test_what_was_accepted_and_sealed_waits_no_more_whatever_the_name_means_later(tmp_path: Path) -> None:
    session, config, root = audited_root(tmp_path, patch=SUGGESTED)
    patch.run(session, config, quiet())
    former = _other_latest(session, config, root)
    accept(session, config, quiet(), root)
    make_latest(session.store, config, former)
    with pytest.raises(InputError, match="0 suggestions are open"):
        accept(session, config, quiet(), root)
    assert resolve(session.store, "sample") == former, "who trained again in between loses nothing"


@pytest.mark.parametrize("step", ["sign_child", "record_child", "make_latest"])
def test_what_was_accepted_and_not_yet_named_is_finished_even_where_the_name_means_something_else_by_now(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, config, root = audited_root(tmp_path, patch=SUGGESTED)
    patch.run(session, config, quiet())
    with monkeypatch.context() as interrupted:
        interrupted.setattr(deciding, step, _killed)
        with pytest.raises(KeyboardInterrupt):
            accept(session, config, quiet())
    _other_latest(session, config, root)
    assert accept(session, config, quiet(), root).passed
    assert load_from(session.store, resolve(session.store, "sample")).manifest.parent == root
    assert [entry.event.kind for entry in entries(session.store)].count("accept") == 1


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def _other_latest(session: Session, config: Config, root: Digest) -> Digest:
    """The configuration's name means another artifact than ``root`` from now on."""
    parent = load_from(session.store, root)
    other = seal_child(session.store, parent, [patch_at(parent.model, walks(1, seed=9)[0], strength=0.01)])
    make_latest(session.store, config, other)
    return other


def _copied(folder: Path, to: Path) -> tuple[Session, Config]:
    """What lies in ``folder``, elsewhere."""
    shutil.copytree(folder, to)
    return Session(DirectoryStore(to / "store")), wheel_config(to, patch=SUGGESTED)


def _accepted_in(
    session: Session, config: Config, asked: Digest | None, writes: int, monkeypatch: pytest.MonkeyPatch
) -> bool:
    """Accept, killed when ``writes`` were done; False where it needs no more than that."""
    left = writes

    def counted(write: Callable[..., None]) -> Callable[..., None]:
        def killed(*arguments: object, **named: object) -> None:
            nonlocal left
            if left == 0:
                raise KeyboardInterrupt
            left -= 1
            write(*arguments, **named)

        return killed

    with monkeypatch.context() as interrupted:
        for name in ("put", "create", "swap", "publish"):
            interrupted.setattr(DirectoryStore, name, counted(getattr(DirectoryStore, name)))
        try:
            accept(session, config, quiet(), asked)
        except KeyboardInterrupt:
            return True
    return False


def test_what_a_person_rejected_stays_on_record_and_is_not_chosen_again(tmp_path: Path) -> None:
    session, config, root = audited_root(tmp_path, patch=SUGGESTED)
    patch.run(session, config, quiet())
    (first,) = suggestions_of(session.store, root, 1)
    reject(session, config, quiet(), reason="it touches the ramp")
    assert resolve(session.store, "sample") == root
    (said,) = decisions(session, tmp_path / "keys", root)
    assert (said.decision, said.suggestion, said.reason) == ("reject", first.digest, "it touches the ramp")
    *_, entry = entries(session.store)
    assert (entry.event.kind, entry.event.detail("reason")) == ("reject", "it touches the ramp")
    again = patch.run(session, config, quiet())
    assert first.id not in again.made
    rejected = {one.id for one in first.repairs}
    others = [one for one in suggestions_of(session.store, root, 1) if one.id != first.id]
    assert first in suggestions_of(session.store, root, 1)
    assert all(rejected.isdisjoint(repair.id for repair in one.repairs) for one in others)
    if others:
        assert accept(session, config, quiet(), suggestion=others[0].id).passed


def test_what_a_person_rejected_waits_under_no_other_id(tmp_path: Path) -> None:
    session, config, root = audited_root(tmp_path, patch=SUGGESTED)
    patch.run(session, config, quiet())
    (first,) = suggestions_of(session.store, root, 1)
    twin = replace(first, reasons=("another policy wants a person",))
    keep_suggestion(session.store, twin)
    reject(session, config, quiet(), reason="it touches the ramp", suggestion=first.id)
    for which in ("", twin.id):
        with pytest.raises(InputError, match="open"):
            accept(session, config, quiet(), suggestion=which)
    assert resolve(session.store, "sample") == root


def test_what_goes_beyond_the_policy_waits_for_a_person(tmp_path: Path) -> None:
    session, config, root = audited_root(tmp_path, patch={"kinds": ["kernels"], "automatic": {"kinds": []}})
    outcome = patch.run(session, config, quiet())
    assert "kernels is not one of patch.automatic.kinds" in str(outcome.where)
    assert len(suggestions_of(session.store, root, 1)) == 1
    assert resolve(session.store, "sample") == root


def test_by_hand_nothing_is_chosen_and_a_person_seals_whichever_candidate_they_take(tmp_path: Path) -> None:
    session, config, root = audited_root(tmp_path, patch={"approval": "manual"})
    told = io.StringIO()
    outcome = patch.run(session, config, Progress(Console(file=told, width=300)))
    assert "nothing was sealed" in outcome.made
    assert "--suggestion ID --accept" in outcome.next
    assert ": trial passed" in told.getvalue()
    assert "chosen" not in told.getvalue()
    assert resolve(session.store, "sample") == root
    open_ones = suggestions_of(session.store, root, 1)
    record = json.loads(session.store.get(audit_file(root, 1, patch.REPAIR)))
    assert len(open_ones) > 1
    assert set(record["suggestions"]) == {one.id for one in open_ones}
    assert (record["child"], record["patches"], record["trial"]) == (None, [], None)
    assert not any(one["chosen"] for one in record["considered"])

    with pytest.raises(InputError, match=f"{len(open_ones)} suggestions are open.*--suggestion ID"):
        accept(session, config, quiet())
    first, taken = open_ones[:2]
    reject(session, config, quiet(), reason="no", suggestion=first.id)
    assert accept(session, config, quiet(), suggestion=taken.id).passed
    child = load_from(session.store, resolve(session.store, "sample"))
    assert child.model.repairs == taken.repairs, "alone: no candidate stands on another"
    record = json.loads(session.store.get(audit_file(root, 1, patch.REPAIR)))
    assert [one["repairs"] for one in record["considered"] if one["chosen"]] == [[one.id for one in taken.repairs]]
    assert record["trial"] == taken.trial
    budget = check_budget(child.guard.root_rewards, child.model.rewards(child.guard.z), record["budget"]["allowed"])
    assert record["budget"]["guarded"] == budget.guarded
    assert record["budget"]["least_kept"] == pytest.approx(budget.least)
    assert repair_record(session.store, history_of(session.store, root, Trust.from_folder(tmp_path / "keys"))[-1]).added
    with pytest.raises(InputError, match="0 suggestions are open"):
        accept(session, config, quiet(), root)


def test_while_one_candidate_is_accepted_and_not_yet_sealed_no_other_is_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, config, root = audited_root(tmp_path, patch={"approval": "manual"})
    patch.run(session, config, quiet())
    first, other = suggestions_of(session.store, root, 1)[:2]

    with monkeypatch.context() as interrupted:
        interrupted.setattr(deciding, "record_child", _killed)
        with pytest.raises(KeyboardInterrupt):
            accept(session, config, quiet(), suggestion=first.id)
    with pytest.raises(InputError, match=f"no open suggestion {other.id}.*expected one: {first.id}"):
        accept(session, config, quiet(), root, suggestion=other.id)
    with pytest.raises(InputError, match=f"no open suggestion {other.id}.*--accept finishes {first.id}"):
        reject(session, config, quiet(), root, reason="no", suggestion=other.id)
    assert accept(session, config, quiet(), root).passed, "which needs no name"
    said = {(one.decision, one.suggestion) for one in decisions(session, tmp_path / "keys", root)}
    assert said == {("accept", first.digest)}


def test_by_hand_what_a_person_rejected_is_not_laid_out_again(tmp_path: Path) -> None:
    session, config, root = audited_root(tmp_path, patch={"approval": "manual", "kinds": ["kernels"]})
    patch.run(session, config, quiet())
    (waits,) = suggestions_of(session.store, root, 1)
    reject(session, config, quiet(), reason="no", suggestion=waits.id)
    again = patch.run(session, config, quiet())
    assert "repaired nothing" in again.made
    assert again.next == "train again"


def test_a_suggestion_that_was_changed_is_not_sealed(tmp_path: Path) -> None:
    session, config, root = audited_root(tmp_path, patch=SUGGESTED)
    patch.run(session, config, quiet())
    (waits,) = suggestions_of(session.store, root, 1)
    key = audit_file(root, 1, f"suggestions/{waits.id}.json")
    document = json.loads(session.store.get(key))
    session.store.put(key, json.dumps({**document, "mode": "frozen-policy"}).encode())
    with pytest.raises(Tampered, match="was changed"):
        accept(session, config, quiet())


def put(session: Session, folder: str, suggestion: Suggestion) -> None:
    """Where the suggestions for the artifact of ``folder`` lie."""
    session.store.put(audit_file(Digest(folder), 1, f"suggestions/{suggestion.id}.json"), suggestion.to_bytes())


def test_a_suggestion_for_another_artifact_is_not_sealed(tmp_path: Path) -> None:
    session, config, root = audited_root(tmp_path, patch=SUGGESTED)
    patch.run(session, config, quiet())
    (waits,) = suggestions_of(session.store, root, 1)
    put(session, root, replace(waits, parent=digest_json("another artifact")))
    with pytest.raises(Tampered, match=r"was made for round 1 of sha256:\w+; expected one for round 1 of") as refused:
        accept(session, config, quiet())
    assert "\n" not in str(refused.value)


def test_a_suggestion_for_another_model_is_not_sealed_whatever_artifact_it_names(tmp_path: Path) -> None:
    session, config, root = audited_root(tmp_path, patch=SUGGESTED)
    patch.run(session, config, quiet())
    (waits,) = suggestions_of(session.store, root, 1)
    assert waits.model == model_digest(load_from(session.store, root).manifest)
    strange, former = replace(waits, model=digest_json("another model")), replace(waits, model=None)
    put(session, root, strange)
    put(session, root, former)
    with pytest.raises(ArtifactError, match=r"made for another encoder.*expected one for the model of") as refused:
        accept(session, config, quiet(), suggestion=strange.id)
    assert "\n" not in str(refused.value)
    assert resolve(session.store, "sample") == root
    assert accept(session, config, quiet(), suggestion=former.id).passed, "as suggestions were written before"


def test_where_no_repair_was_tried_none_can_be_accepted(tmp_path: Path) -> None:
    session, config, _ = audited_root(tmp_path, count=10)
    with pytest.raises(InputError, match=r"no repair was tried after round 1 of .*iirl patch CONFIG\.yaml"):
        accept(session, config, quiet())


def test_a_person_needs_a_key(tmp_path: Path) -> None:
    session, config, _ = audited_root(tmp_path, patch=SUGGESTED)
    patch.run(session, config, quiet())
    (tmp_path / "keys" / "reviewer.key").unlink()
    with pytest.raises(ConfigError, match="reviewer"):
        accept(session, config, quiet())


def test_the_command_line_knows_both() -> None:
    for words, act in ((["--accept"], "accept"), (["--reject", "too wide"], "reject")):
        options = parser().parse_args(["patch", "config.yaml", *words])
        assert (module_of(options), options.act) == ("patch.deciding", act)
    for words in (["--accept", "--reject", "no"], ["--accept", "--list"], ["--reject", " "], ["--suggestion", "r-1"]):
        with pytest.raises(ConfigError):
            module_of(parser().parse_args(["patch", "config.yaml", *words]))
    assert main(["patch", "nowhere.yaml", "--accept"]) == 2


def test_a_repair_suggested_for_another_artifact_of_the_same_shape_is_refused(tmp_path: Path) -> None:
    session, config, root = audited_root(tmp_path, patch=SUGGESTED)
    patch.run(session, config, quiet())
    (waits,) = suggestions_of(session.store, root, 1)
    slight = patch_at(load_from(session.store, root).model, walks(1, seed=9)[0], strength=0.01)
    other = seal_child(session.store, load_from(session.store, root), [slight])
    moved = audit_file(other, 1, f"suggestions/{waits.id}.json")
    session.store.put(moved, waits.to_bytes())
    with pytest.raises(Tampered):
        suggestions_of(session.store, other, 1)


def test_patches_moved_into_another_artifact_of_the_same_shape_are_refused(tmp_path: Path) -> None:
    session, _, root = audited_root(tmp_path, count=10)
    parent = load_from(session.store, root)
    first, second = (
        seal_child(session.store, parent, [patch_at(parent.model, item, strength=0.01)]) for item in walks(2, seed=9)
    )
    folders = [tmp_path / "store" / "artifacts" / folder_of(one) for one in (first, second)]
    (file,) = (folders[0] / "patches").glob("*.json")
    shutil.copy(file, folders[1] / "patches" / file.name)
    load_from(session.store, first)
    with pytest.raises(Tampered):
        load_from(session.store, second)
