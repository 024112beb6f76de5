"""Label Studio's annotations as labels: what comes back from an export of the kind *JSON*.

Each task has its ``data`` as it went out, and ``annotations``: who completed it, whether it was skipped, and a
``result`` by the names of the labelling configuration (its guide: Label Studio JSON format of annotated tasks).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from iirl_core.canonical import Digest, digest_json
from iirl_core.errors import InputError
from iirl_core.signing import Label
from iirl_core.signing.labels import ORDERS, WORDS, Order

Task = Mapping[str, object]
OURS = ("label", "reward", "order", "threshold")
"""Controls of the labelling configuration that a label is made of, beside the reason."""


def labels_back(text: str, artifact: Digest, round_: int, annotator: int | None) -> tuple[Label, ...]:
    """The labels in an export of Label Studio, not yet placed, in the order of the file; of one task the annotator's
    last annotation. Only ``annotator``'s are taken, whose key will sign them (None: there is one in the file).

    Raises:
        InputError: it is no such export, a task is about another artifact or round, several people annotated it and
            none is named, or an annotation says what a label cannot.
    """
    tasks = list(_tasks(text))
    for number, task in enumerate(tasks, 1):
        about = (_data(task, number).get("artifact"), _data(task, number).get("round"))
        if about != (artifact, round_):
            raise InputError(
                f"task {number} is about round {about[1]} of {str(about[0])[:19]}", f"round {round_} of {artifact[:19]}"
            )
    given = {number: list(_annotations(task, number)) for number, task in enumerate(tasks, 1)}
    people = {_completed_by(one) for several in given.values() for one in several}
    known = ", ".join(sorted(map(str, people)))
    if annotator is None and len(people) > 1:
        raise InputError(
            f"annotations by {len(people)} people", "who of them you are: you sign for yourself", f"--annotator {known}"
        )
    if annotator is not None and annotator not in people:
        raise InputError(f"no annotation by {annotator}", f"one of {known or 'nobody'}: the file's annotators")
    labels = []
    for number, task in enumerate(tasks, 1):
        mine = [one for one in given[number] if annotator in (None, _completed_by(one))]
        if mine:
            last = max(mine, key=lambda one: str(one.get("updated_at") or one.get("created_at") or ""))
            try:
                labels.append(_label(str(_data(task, number).get("finding")), last))
            except InputError as error:
                raise InputError(f"task {number}: {error.wrong}", error.expected, error.todo) from error
    return tuple(labels)


def _tasks(text: str) -> Iterator[Task]:
    try:
        decoded = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise InputError(f"a file that is not JSON ({error})", "an export of Label Studio, of the kind JSON") from error
    if not isinstance(decoded, list) or not all(isinstance(task, dict) for task in decoded):
        raise InputError("JSON that is no list of tasks", "an export of Label Studio, of the kind JSON")
    yield from decoded


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _data(task: Task, number: int) -> Task:
    data = task.get("data")
    if not isinstance(data, dict):
        raise InputError(f"task {number} without data", "an export of the kind JSON, not JSON-MIN or CSV")
    return data


def _annotations(task: Task, number: int) -> Iterator[Task]:
    """Those that were submitted, not skipped."""
    found = task.get("annotations", [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise InputError(f"task {number}: annotations of type {type(found).__name__}", "a list of annotations")
    yield from (one for one in found if not one.get("was_cancelled"))


def _completed_by(annotation: Task) -> int | None:
    """The annotator's number: some exports hold the whole person in its place."""
    who = annotation.get("completed_by")
    who = who.get("id") if isinstance(who, dict) else who
    return who if isinstance(who, int) else None


def _label(finding: str, annotation: Task) -> Label:
    told = dict(_result(annotation))
    word = next((word for word in WORDS if word == told.get("label")), None)
    if word is None:
        raise InputError(f"an annotation that says {told.get('label')!r}", f"one of {', '.join(WORDS)}")
    source = digest_json([finding, annotation.get("id"), sorted(told.items())])[7:19]
    # What a person filled in before changing the label stays in a result, though it is no longer shown.
    return Label(
        finding,
        word,
        str(told.get("because", "")).strip(),
        reward=_number(told, "reward") if word == "flaw" else None,
        order=_order(told) if word == "flaw" else None,
        threshold=_number(told, "threshold") if word == "not a flaw" else None,
        source=f"label-studio:{source}",
    )


def _result(annotation: Task) -> Iterator[tuple[str, str | float]]:
    """Name and value of every control that has one."""
    found = annotation.get("result", [])
    for one in found if isinstance(found, list) else [None]:
        value = one.get("value") if isinstance(one, dict) else None
        if not isinstance(one, dict) or not isinstance(value, dict):
            raise InputError("a result that cannot be read", "a list of from_name and value")
        held = value.get(str(one.get("type")), value.get("text"))
        first = held[0] if isinstance(held, list) and len(held) == 1 and isinstance(held[0], str) else held
        if isinstance(first, str | int | float):
            yield str(one.get("from_name")), first
        elif isinstance(held, list) and one.get("type") == "textarea":
            yield str(one.get("from_name")), "\n".join(map(str, held))
        elif one.get("from_name") in OURS:
            raise InputError(f"{one['from_name']} {held!r}", "one value")


def _number(told: Mapping[str, str | float], name: str) -> float | None:
    value = told.get(name)
    if isinstance(value, str | bool):
        raise InputError(f"{name} {value!r}", "a number")
    return None if value is None else float(value)


def _order(told: Mapping[str, str | float]) -> Order | None:
    if "order" not in told:
        return None
    for order in ORDERS:
        if order == told["order"]:
            return order
    raise InputError(f"order {told['order']!r}", f"one of {', '.join(ORDERS)}")
