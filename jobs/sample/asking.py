"""What a chunk asks of the policy, and the rows that come of it: the same for every engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iirl_core.demonstration import Conversation
from iirl_core.errors import InputError
from jobs.sample.chunks import Chunks, prompt_key
from jobs.sample.task import SampleTask

if TYPE_CHECKING:
    from iirl_core.policy.sampling import Answer, Prompted, Reader

Row = dict[str, int | str | bool | None]
"""One of ``ANSWERS``."""


@dataclass(frozen=True)
class Wanted:
    """The ``number``th answer to the ``prompt``th prompt of a chunk."""

    chunk: int
    prompt: int
    number: int
    prompted: Prompted


def asked_of(chunks: Chunks, chunk: int, task: SampleTask, reader: Reader) -> tuple[list[Wanted], list[Row]]:
    """All that is asked of a chunk, and the rows of prompts that cannot be asked."""
    from iirl_core.policy.noise import answer_key
    from iirl_core.policy.sampling import Prompted

    wanted: list[Wanted] = []
    refused: list[Row] = []
    for prompt, one in enumerate(chunks.prompts(chunk)):
        numbers = range(task.section.per_prompt)
        try:
            if not isinstance(one.input, Conversation):
                raise InputError("a trajectory, which nobody can answer")
            ids = reader.prompt(one.input, task.section.max_new_tokens)
        except InputError as error:
            refused += [_row(chunk, prompt, number, reason=str(error).rstrip(".")) for number in numbers]
            continue
        keys = [answer_key(task.seed, prompt_key(one), number) for number in numbers]
        wanted += [Wanted(chunk, prompt, number, Prompted(ids, key)) for number, key in enumerate(keys)]
    return wanted, refused


def answered(chunk: int, prompt: int, number: int, answer: Answer) -> Row:
    """The row of an answer."""
    return _row(chunk, prompt, number, text=answer.text, cut=answer.cut)


def _row(
    chunk: int, prompt: int, number: int, *, text: str | None = None, cut: bool = False, reason: str | None = None
) -> Row:
    return {"chunk": chunk, "prompt": prompt, "number": number, "text": text, "cut": cut, "reason": reason}
