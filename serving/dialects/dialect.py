"""What a dialect is: how one kind of trainer asks, and what it wants to hear."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from pydantic import BaseModel

from iirl_core.demonstration import Input
from iirl_core.errors import InputError
from iirl_core.reading import Score
from serving.problem import Problem, faulty_items
from serving.served import Served

Truncate = Literal["error", "allow"]
T = TypeVar("T")


@dataclass(frozen=True)
class Understood:
    """A request, understood. ``where`` is what the dialect calls its list of items, for messages about them."""

    inputs: tuple[Input, ...]
    where: str
    model: str | None
    truncate: Truncate


@dataclass(frozen=True)
class Dialect:
    """``parse`` raises Problem; ``answer`` too, where the dialect has no words for a Score that the release refuses.

    ``parse(body, query, most)`` takes the raw body, the query parameters of the URL and how many items are welcome.
    """

    path: str
    summary: str
    parse: Callable[[bytes, Mapping[str, str], int], Understood]
    answer: Callable[[Served, Sequence[Score]], BaseModel]
    request: type[BaseModel]
    response: type[BaseModel]


def check_count(count: int, most: int) -> None:
    """Raise Problem (413) when there are too many items."""
    if count > most:
        raise Problem(413, "too_many_items", f"{count} items, expected at most {most}: send several requests")


def truncated(score: Score) -> bool:
    """Whether only the part of a text that the encoder reads was scored."""
    return score.reading.tokens is not None and score.reading.tokens.truncated


def inputs_of(where: str, items: Sequence[T], understand: Callable[[int, T], Input]) -> tuple[Input, ...]:
    """Each item understood; all the faulty ones are reported together.

    Raises:
        Problem: ``understand`` raised InputError for some items.
    """
    inputs: list[Input] = []
    faults: list[tuple[int, InputError]] = []
    for index, item in enumerate(items):
        try:
            inputs.append(understand(index, item))
        except InputError as error:
            faults.append((index, error))
    if faults:
        raise faulty_items(where, faults)
    return tuple(inputs)
