"""One decoded record of any accepted shape → what can be read; and back.

Shapes, the first that fits:

* ``observations`` (``actions``, and ``terminal`` or per-step ``terminals``/``terminations``): a Trajectory;
* ``chosen`` and ``rejected`` (``prompt``): a Comparison, of which ``take`` picks a side;
* ``messages``;
* ``instruction`` and ``output`` (``input``);
* ``prompt`` and one of ``completion``, ``response``, ``answer`` (several, where they are equal);
* ``text``.

A field that is null is absent; fields that no shape names are left alone.

Example:
    >>> parse_record({"prompt": "Is it open?", "response": "Until six."}).answer
    'Until six.'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from iirl_core.canonical import JsonValue
from iirl_core.demonstration import Comparison, Conversation, Input, Trajectory
from iirl_core.errors import InputError
from iirl_core.records.shapes import (
    ANSWERS,
    Document,
    from_answer,
    from_answers,
    from_comparison,
    from_instruction,
    from_sides,
    from_text,
    messages_from,
)

Side = Literal["chosen", "rejected"]
_ENDED = ("terminals", "terminations")


def parse_record(document: object, take: Side | None = None) -> Input:
    """The input that ``document`` holds.

    Raises:
        InputError: no shape fits, a field is wrong, ``take`` is missing for a comparison or given for anything else.
    """
    fields = _fields(document)
    if "observations" in fields:
        _refuse_take(take, "a trajectory")
        return _trajectory(fields)
    if "chosen" in fields and "rejected" in fields:
        if take is None:
            raise InputError("a comparison, of which a corpus holds one side", "take: chosen or take: rejected")
        comparison = from_comparison(fields)
        return comparison.chosen if take == "chosen" else comparison.rejected
    _refuse_take(take, "a single answer")
    if "messages" in fields:
        return Conversation(messages_from(fields["messages"]))
    if "instruction" in fields and "output" in fields:
        return from_instruction(fields)
    if "prompt" in fields and any(name in fields for name in ANSWERS):
        return from_answer(fields)
    if "text" in fields:
        return from_text(fields)
    raise InputError(f"a record of unknown shape, with {_names(fields)}", "messages, prompt and response, text, …")


def parse_comparison(document: object) -> Comparison:
    """The comparison that ``document`` holds.

    Raises:
        InputError: it lacks a side, or the sides do not answer one prompt in two ways.
    """
    fields = _fields(document)
    if "chosen" not in fields or "rejected" not in fields:
        raise InputError(f"not a comparison, but {_names(fields)}", "chosen and rejected")
    return from_comparison(fields)


def parse_sides(document: object) -> tuple[Conversation, Conversation]:
    """The chosen and the rejected side of ``document``, which may be the same text.

    Raises:
        InputError: it lacks a side, or the sides answer different prompts.
    """
    fields = _fields(document)
    if "chosen" not in fields or "rejected" not in fields:
        raise InputError(f"not a comparison, but {_names(fields)}", "chosen and rejected")
    chosen, rejected = from_sides(fields)
    if chosen.context != rejected.context:
        raise InputError("chosen and rejected answer different prompts", "one shared prompt")
    return chosen, rejected


def parse_answers(document: object, name: str) -> tuple[Conversation, ...]:
    """The answers to one ``prompt`` that ``document`` lists under ``name``, at least one.

    Raises:
        InputError: the prompt or the list is missing, or an answer is no answer.
    """
    fields = _fields(document)
    for needed in ("prompt", name):
        if needed not in fields:
            raise InputError(f"no {needed}, but {_names(fields)}", f"prompt and a list {name}")
    return from_answers(fields, name)


def document_of(item: Input) -> dict[str, JsonValue]:
    """The JSON document of ``item``; ``parse_record`` gives the same input back."""
    if isinstance(item, Conversation):
        return {"messages": [{"role": message.role, "content": message.content} for message in item.messages]}
    document: dict[str, JsonValue] = {"observations": item.observations.tolist(), "terminal": item.terminal}
    if item.actions is not None:
        document["actions"] = item.actions.tolist()
    return document


def _fields(document: object) -> Document:
    if not isinstance(document, Mapping):
        raise InputError(f"a record of type {type(document).__name__}", "an object with fields")
    fields = {name: value for name, value in document.items() if value is not None}
    if not fields:
        raise InputError("an empty record")
    return fields


def _refuse_take(take: Side | None, what: str) -> None:
    if take is not None:
        raise InputError(f"{what}, but take: {take} is set", "records with chosen and rejected, or no take")


def _trajectory(fields: Document) -> Trajectory:
    actions = fields.get("actions")
    return Trajectory(
        _numbers("observations", fields["observations"]),
        None if actions is None else _numbers("actions", actions),
        _terminal(fields),
    )


def _numbers(name: str, value: object) -> NDArray[np.float32]:
    """float32 from lists or arrays of numbers alone: NumPy would also read numbers out of strings."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise InputError(f"{name} are not rectangular", "shape [T, dimension]") from error
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name} are not all numbers, or rows differ in length", "numbers of shape [T, dimension]")
    with np.errstate(over="ignore"):  # too large for float32 becomes infinite, which Trajectory refuses
        return array.astype(np.float32)


def _terminal(fields: Document) -> bool:
    value = fields.get("terminal", False)
    for name in _ENDED:
        if name in fields:
            steps = fields[name]
            if not isinstance(steps, list | np.ndarray) or len(steps) == 0:
                raise InputError(f"{name} are a {type(steps).__name__}", "one value a step")
            value = steps[-1]
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, bool | int | float) or value not in (0, 1):
        raise InputError(f"terminal is {value!r}", "true or false")
    return bool(value)


def _names(fields: Document) -> str:
    return ", ".join(repr(name) for name in list(fields)[:8])
