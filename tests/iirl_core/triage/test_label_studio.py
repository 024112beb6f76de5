from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from iirl_core.canonical import Digest, digest_bytes
from iirl_core.config.governance import ReviewSection
from iirl_core.demonstration import Trajectory
from iirl_core.errors import InputError
from iirl_core.norm import Norm, NormKind
from iirl_core.signing import Label
from iirl_core.triage import Review, clusters_of
from iirl_core.triage.annotations import labels_back
from iirl_core.triage.label_studio import SHAPES, asked_of_people, labelling_config, shape_of, tasks_of
from iirl_core.triage.said import Said
from tests.iirl_core.triage.found import finding, places

ARTIFACT, OTHER = digest_bytes(b"artifact"), digest_bytes(b"other")
LOW = Norm("n", NormKind.CEILING, True, 3, 0.5, 0.05, ("f",), "why", "me")
FOUND = (finding(0), finding(1), finding(2, "m", pair=True))


def review(*said: Said) -> Review:
    lie = places(np.zeros((3, 1)))
    return Review(FOUND, lie, clusters_of(FOUND, lie, {}, ReviewSection(representatives=2)), (LOW,), 1.0, said)


def completed(task: dict[str, Any], *results: dict[str, Any], by: Any = 7, **told: Any) -> dict[str, Any]:
    """The task as Label Studio's export has it after somebody worked on it."""
    annotation = {
        "id": 1001,
        "completed_by": by,
        "result": list(results),
        "was_cancelled": False,
        "ground_truth": False,
    }
    times = {"created_at": "2026-03-09T22:16:08.728353Z", "updated_at": "2026-03-09T22:16:08.728378Z"}
    before = task.get("annotations", [])
    return {
        **task,
        "id": 4711,
        "project": 83,
        "annotations": [*before, {**annotation, **times, **told}],
        "predictions": [],
    }


def choice(name: str, value: str) -> dict[str, Any]:
    return {"id": "Dx_a", "from_name": name, "to_name": "edited", "type": "choices", "value": {"choices": [value]}}


def number(name: str, value: float) -> dict[str, Any]:
    return {"id": "Dx_b", "from_name": name, "to_name": "edited", "type": "number", "value": {"number": value}}


def held(name: str, value: object) -> dict[str, Any]:
    """What the control of a number should never hold."""
    return {**number(name, 0), "value": {"number": value}}


def words(value: str) -> dict[str, Any]:
    return {"id": "c", "from_name": "because", "to_name": "edited", "type": "textarea", "value": {"text": [value]}}


def tasks(shape: str) -> list[Any]:
    return tasks_of(review(), [one for one in FOUND if shape_of(one) == shape], ARTIFACT, 1)


def back(*given: Any, artifact: Digest = ARTIFACT, round_: int = 1, annotator: int | None = None) -> tuple[Label, ...]:
    return labels_back(json.dumps(given), artifact, round_, annotator)


def test_whoever_labels_is_told_which_way_the_rule_goes() -> None:
    rise = replace(LOW, kind=NormKind.DIRECTION, threshold=0.05, raises=True, rationale="Caution pays.")
    for norm, rule in ((rise, "edited − original ≥ 0.05"), (replace(rise, raises=False), "edited − original ≤ 0.05")):
        (task,) = tasks_of(replace(review(), norms=(norm,)), FOUND[:1], ARTIFACT, 1)  # type: ignore[misc]
        assert f"n ({rule}: Caution pays.)" in task["data"]["question"]  # type: ignore[index, call-overload, operator]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_labelling_interface_shows_what_the_tasks_hold(shape: Any) -> None:
    root = ElementTree.fromstring(labelling_config(shape))  # noqa: S314
    shown = {value[1:] for tag in root.iter() if (value := tag.get("value", "")).startswith("$")}
    assert all(shown <= set(task["data"]) for task in tasks(shape))
    objects = {tag.get("name") for tag in root.iter("Paragraphs")}
    controls = {tag.get("name"): tag for kind in ("Choices", "Number", "TextArea") for tag in root.iter(kind)}
    assert {tag.get("toName") for tag in controls.values()} <= objects
    assert set(controls) == {"label", "threshold", "because", "order" if shape == "pair" else "reward"}
    assert [tag.get("value") for tag in controls["label"]] == ["flaw", "not a flaw", "unsure"]


def test_a_task_leads_back_to_its_finding_and_shows_both_sides() -> None:
    (task,) = tasks("pair")
    assert set(task) == {"id", "data"}
    assert task["data"]["finding"] == FOUND[2].id
    assert (task["data"]["artifact"], task["data"]["round"]) == (ARTIFACT, 1)
    assert [one["author"] for one in task["data"]["original"]] == ["user", "assistant"]
    assert task["data"]["edited"][-1]["text"] == "answer 2, edited"
    assert [one["id"] for one in tasks("single")] == [1, 2]


def test_a_trajectory_is_shown_by_its_offending_step() -> None:
    steps = Trajectory(np.array([[1.0], [2.5]]), np.array([[3.0], [4.0]]))
    one = replace(FOUND[0], inputs=(steps,), step=1)
    lie = places(np.zeros((1, 1)))
    alone = Review((one,), lie, clusters_of([one], lie, {}, ReviewSection()), (LOW,), 1.0)
    (task,) = tasks_of(alone, [one], ARTIFACT, 1)
    assert isinstance(task, dict)
    data: Any = task["data"]
    assert data["edited"] == [
        {"author": "step 2 of 2, observation", "text": "2.5"},
        {"author": "step 2 of 2, action", "text": "4"},
    ]


def test_annotations_come_back_as_labels_with_what_belongs_to_them() -> None:
    first, second = tasks("single")
    (pair,) = tasks("pair")
    labels = back(
        completed(first, choice("label", "flaw"), number("reward", 0.25), number("threshold", 0.9)),
        completed(second, choice("label", "not a flaw"), words(" it may "), number("threshold", 0.95), by={"id": 7}),
        completed(pair, choice("label", "flaw"), choice("order", "original")),
    )
    assert [(one.finding, one.word, one.because) for one in labels] == [
        (FOUND[0].id, "flaw", ""),
        (FOUND[1].id, "not a flaw", "it may"),
        (FOUND[2].id, "flaw", ""),
    ]
    assert [(one.reward, one.threshold, one.order) for one in labels] == [
        (0.25, None, None),
        (None, 0.95, None),
        (None, None, "original"),
    ]
    assert len({one.source for one in labels}) == 3


def test_skipped_and_untouched_tasks_say_nothing() -> None:
    first, second = tasks("single")
    assert back(completed(first, choice("label", "flaw"), was_cancelled=True), second) == ()


def test_what_a_label_no_longer_shows_and_what_other_controls_hold_is_not_asked() -> None:
    first = tasks("single")[0]
    (label,) = back(completed(first, choice("label", "unsure"), held("reward", "high"), held("stars", [1, 2])))
    assert (label.word, label.reward) == ("unsure", None)


def test_of_one_persons_annotations_of_a_task_the_last_counts() -> None:
    first = tasks("single")[0]
    late = completed(first, choice("label", "unsure"), updated_at="2026-03-10T00:00:00Z")
    early = completed(late, choice("label", "flaw"), id=1000)
    assert [one.word for one in back(early)] == ["unsure"]


def test_the_same_annotation_has_the_same_source_and_a_changed_one_another() -> None:
    first = tasks("single")[0]
    given = completed(first, choice("label", "flaw"))
    assert back(given)[0].source == back(given)[0].source
    assert back(given)[0].source != back(completed(first, choice("label", "unsure")))[0].source


def test_everybody_signs_for_himself() -> None:
    first, second = tasks("single")
    given = (completed(first, choice("label", "flaw")), completed(second, choice("label", "unsure"), by=8))
    with pytest.raises(InputError, match=r"annotations by 2 people; .*\. --annotator 7, 8"):
        back(*given)
    assert [one.word for one in back(*given, annotator=8)] == ["unsure"]
    with pytest.raises(InputError, match="no annotation by 9; expected one of 7, 8"):
        back(*given, annotator=9)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda task: {**task, "data": {**task["data"], "artifact": OTHER}}, f"is about round 1 of {OTHER[:19]}"),
        (lambda task: {**task, "data": {**task["data"], "round": 2}}, "is about round 2"),
        (lambda task: {"id": 1, "label": "flaw"}, "not JSON-MIN or CSV"),
        (lambda task: {**task, "annotations": 3}, "a list of annotations"),
        (lambda task: completed(task, choice("label", "fine")), "task 1: an annotation that says 'fine'"),
        (
            lambda task: completed(task, choice("label", "flaw"), held("reward", "high")),
            "task 1: reward 'high'; .*a num",
        ),
        (lambda task: completed(task, choice("label", "flaw"), held("reward", [0.1])), r"task 1: reward \[0.1\]"),
        (lambda task: completed(task, choice("label", "flaw"), held("reward", True)), "reward True"),
        (lambda task: completed(task, choice("label", "flaw"), held("reward", 1.5)), "task 1: a right reward of 1.5"),
        (
            lambda task: completed(task, choice("label", "flaw"), choice("order", "sideways")),
            "order 'sideways'; .*equal",
        ),
        (
            lambda task: completed(task, choice("label", "not a flaw"), words("so"), held("threshold", "lots")),
            "task 1: threshold 'lots'",
        ),
        (lambda task: completed(task, choice("label", "flaw"), held("reward", math.nan)), "NaN is no number"),
        (completed, "an annotation that says None"),
        (lambda task: completed(task, {"type": "choices"}), "a result that cannot be read"),
        (lambda task: completed(task, choice("label", "not a flaw")), "why the norm is wrong here"),
        (lambda task: "a task", "no list of tasks"),
    ],
)
def test_what_is_no_label_of_this_audit_is_refused(spoil: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        back(spoil(tasks("single")[0]))


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(InputError, match="an export of Label Studio, of the kind JSON"):
        labels_back("id,label\n1,flaw\n", ARTIFACT, 1, None)


def test_people_are_asked_what_nobody_decided() -> None:
    asked = [one.id for one in asked_of_people(review())]
    assert sorted(asked) == sorted(one.id for one in FOUND[:1] + FOUND[2:]), "equal places have one representative"
    ann = Said("l-1", "ann", 0, Label(FOUND[0].id, "flaw"))
    assert [one.id for one in asked_of_people(review(ann))] == [FOUND[2].id]
    unsure = Said("l-1", "ann", 0, Label(FOUND[1].id, "unsure"))
    assert FOUND[1].id in [one.id for one in asked_of_people(review(unsure))]
