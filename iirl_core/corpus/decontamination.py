"""Training records that give evaluation prompts away: found by the prompt itself, and by 13 words in a row.

The rule is GPT-3's (Brown et al., arXiv 2005.14165, appendix C): case, punctuation and layout are ignored, and a
document is contaminated where it shares a 13-gram with an evaluation example. Runs of words that stand in more than
``COMMON`` different evaluation prompts are a template's and tell nothing (as there, where they stood in more than 10
documents).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iirl_core.corpus.wording import run_hashes, words_of
from iirl_core.demonstration import Conversation, Message
from iirl_core.errors import InputError
from iirl_core.records import parse_comparison, parse_record
from iirl_core.records.shapes import ANSWERS, messages_from

RUN = 13
"""Words in a row that give a prompt away; a shorter prompt is only recognised as a whole."""
COMMON = 10


@dataclass(frozen=True, eq=False)
class EvaluationPrompts:
    """``places [P]`` of the prompts; ``wholes`` and ``runs`` are sorted 64-bit numbers of whole prompts and of runs of
    ``RUN`` words, each with the index of a prompt beside it: 12 bytes for about each word of the prompts.
    """

    places: tuple[str, ...]
    wholes: NDArray[np.uint64]
    whole_of: NDArray[np.int32]
    runs: NDArray[np.uint64]
    run_of: NDArray[np.int32]

    def reason(self, prompt: str, words: Sequence[str]) -> str | None:
        """Why a record with this prompt and with these words in all may not be learnt from; None where it may."""
        if (found := _first(self.wholes, self.whole_of, np.array([_whole(prompt)], np.uint64))) is not None:
            return f"its prompt is the evaluation prompt at {self.places[found]}"
        if (found := _first(self.runs, self.run_of, run_hashes(words, RUN))) is not None:
            return f"{RUN} words in a row of it are in the evaluation prompt at {self.places[found]}"
        return None


def evaluation_prompts(prompts: Iterable[tuple[str, str]]) -> EvaluationPrompts:
    """The index of ``(place, prompt)``; of equal prompts the first counts."""
    places: list[str] = []
    wholes: dict[int, int] = {}
    runs: list[NDArray[np.uint64]] = []
    for place, prompt in prompts:
        if wholes.setdefault(_whole(prompt), len(places)) == len(places):
            places.append(place)
            runs.append(np.unique(run_hashes(words_of(prompt), RUN)))
    every = np.concatenate([np.empty(0, np.uint64), *runs])
    owners = np.repeat(np.arange(len(runs), dtype=np.int32), [len(each) for each in runs])
    distinct, first, counts = np.unique(every, return_index=True, return_counts=True)
    telling = counts <= COMMON
    ordered = sorted(wholes.items())
    return EvaluationPrompts(
        tuple(places),
        np.array([number for number, _ in ordered], np.uint64),
        np.array([index for _, index in ordered], np.int32),
        distinct[telling],
        owners[first[telling]],
    )


def prompt_of(document: object) -> str:
    """What a record of an evaluation set asks: the turns before its answer (a system prompt is not part of it). An
    answer need not be there, nor of one of the shapes that can be learnt from.

    Raises:
        InputError: there is no prompt.
    """
    fields = (
        {name: value for name, value in document.items() if value is not None} if isinstance(document, Mapping) else {}
    )
    if "messages" in fields:
        messages = messages_from(fields["messages"])
        asked = prompt_text(messages[:-1] if messages and messages[-1].role == "assistant" else messages)
    elif "chosen" in fields and "prompt" not in fields:
        asked = prompt_text(parse_comparison(fields).chosen.context)
    else:
        told = {name: value for name, value in fields.items() if name not in ("chosen", "rejected", *ANSWERS)}
        item = parse_record(told | ({"output": ""} if "instruction" in told else {"response": ""}))
        asked = prompt_text(item.context) if isinstance(item, Conversation) else ""
    if not asked.strip():
        raise InputError("a record without a prompt")
    return asked


def prompt_text(context: Sequence[Message]) -> str:
    """The turns of a context as one text, without the system's."""
    return "\n".join(message.content for message in context if message.role != "system")


def _whole(prompt: str) -> int:
    """Of its words; of a prompt without any, of its characters."""
    text = " ".join(words_of(prompt)) or prompt.strip()
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def _first(table: NDArray[np.uint64], owners: NDArray[np.int32], asked: NDArray[np.uint64]) -> int | None:
    """The owner of the first of ``asked`` that is in the sorted ``table``."""
    if not len(table) or not len(asked):
        return None
    at = np.searchsorted(table, asked)
    hits = np.flatnonzero(table[np.minimum(at, len(table) - 1)] == asked)
    return int(owners[at[hits[0]]]) if len(hits) else None
