"""Label Studio, out and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from iirl_core.errors import ConfigError, InputError
from iirl_core.log import entries
from jobs.triage.exchanging import export_tasks, import_labels
from jobs.triage.labelling import label, undo
from jobs.triage.opening import open_review
from tests.jobs.triage.audited import Audited, keep_audit


def test_a_folder_is_no_file_to_export_to(laid_out: Audited) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        export_tasks(laid_out.session, laid_out.config(), file=str(laid_out.folder))


def exported(audited: Audited) -> list[Any]:
    export_tasks(audited.session, audited.config(), file=str(audited.folder / "tasks.json"))
    tasks = json.loads((audited.folder / "tasks-single.json").read_text())
    assert isinstance(tasks, list)
    return tasks


def annotated(task: Any, word: str, by: int = 7) -> Any:
    result = {"from_name": "label", "to_name": "edited", "type": "choices", "value": {"choices": [word]}}
    return {**task, "annotations": [{"id": task["id"], "completed_by": by, "result": [result], "was_cancelled": False}]}


def kept(audited: Audited, tasks: list[Any]) -> str:
    path = audited.folder / "export.json"
    path.write_text(json.dumps(tasks))
    return str(path)


def test_what_was_labelled_in_label_studio_comes_back_signed_by_who_did_it(laid_out: Audited) -> None:
    tasks = exported(laid_out)
    assert (laid_out.folder / "tasks-single.xml").read_text().startswith("<View>")
    assert not (laid_out.folder / "tasks-pair.json").exists()
    file = kept(laid_out, [annotated(tasks[0], "flaw"), annotated(tasks[1], "unsure"), *tasks[2:]])
    assert "labelled 2 findings" in import_labels(laid_out.session, laid_out.config("ann"), file=file).made
    opened = open_review(laid_out.session, laid_out.config(), None)
    assert [opened.person(said.by) for said in opened.review.said] == ["ann", "ann"]
    labels = {name: said.label for name, said in opened.review.settled.items() if said.direct}
    assert labels == {tasks[0]["data"]["finding"]: "flaw", tasks[1]["data"]["finding"]: "unsure"}
    again = [task["data"]["finding"] for task in exported(laid_out)]
    assert tasks[0]["data"]["finding"] not in again
    assert tasks[1]["data"]["finding"] in again, "a second person is asked"


def test_what_is_imported_twice_counts_once_and_stays_taken_back(laid_out: Audited) -> None:
    tasks, ann = exported(laid_out), laid_out.config("ann")
    file = kept(laid_out, [annotated(tasks[0], "flaw")])
    import_labels(laid_out.session, ann, file=file)
    outcome = import_labels(laid_out.session, ann, file=file)
    assert outcome.made == "nothing new was said (1 were there already)"
    (said,) = open_review(laid_out.session, ann, None).review.said
    undo(laid_out.session, ann, on=[said.id])
    import_labels(laid_out.session, ann, file=file)
    assert not open_review(laid_out.session, ann, None).review.settled
    assert [entry.event.kind for entry in entries(laid_out.store)].count("label") == 1


def test_an_old_import_does_not_outdo_a_later_word(laid_out: Audited) -> None:
    tasks, ann = exported(laid_out), laid_out.config("ann")
    finding = tasks[0]["data"]["finding"]
    file = kept(laid_out, [annotated(tasks[0], "flaw")])
    import_labels(laid_out.session, ann, file=file)
    label(laid_out.session, ann, on=[finding], word="not-a-flaw", because="I looked again")
    import_labels(laid_out.session, ann, file=file)
    assert laid_out.past().labels[finding] == "not a flaw"


def test_labels_of_another_audit_are_refused_and_nothing_is_kept(laid_out: Audited) -> None:
    tasks = exported(laid_out)
    other = {**tasks[1], "data": {**tasks[1]["data"], "artifact": "sha256:" + "1" * 64}}
    file = kept(laid_out, [annotated(tasks[0], "flaw"), annotated(other, "flaw")])
    with pytest.raises(InputError, match=r"export\.json: task 2 is about round 1 of sha256:1111"):
        import_labels(laid_out.session, laid_out.config("ann"), file=file)
    assert not laid_out.past().said
    strange = {**tasks[0], "data": {**tasks[0]["data"], "finding": "f-000000000000"}}
    with pytest.raises(InputError, match="there is no finding"):
        import_labels(laid_out.session, laid_out.config("ann"), file=kept(laid_out, [annotated(strange, "flaw")]))


def test_labels_of_a_round_before_are_refused(laid_out: Audited) -> None:
    file = kept(laid_out, [annotated(exported(laid_out)[0], "flaw")])
    keep_audit(laid_out, laid_out.root, 2)
    with pytest.raises(ConfigError, match=r"round 2 .* was not laid out"):
        import_labels(laid_out.session, laid_out.config("ann"), file=file)


def test_a_file_that_cannot_be_read_or_written_is_one_line(laid_out: Audited, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        import_labels(laid_out.session, laid_out.config("ann"), file=str(tmp_path / "none.json"))
    with pytest.raises(ConfigError, match="cannot be written"):
        export_tasks(laid_out.session, laid_out.config(), file=str(tmp_path / "none" / "tasks.json"))
