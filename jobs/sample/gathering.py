"""Answers as they come → whole chunks; whole chunks → the records of a corpus."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import pyarrow as pa

from iirl_core.canonical import Digest, digest_json
from iirl_core.corpus import identity_of
from iirl_core.demonstration import Conversation, Demonstration
from iirl_core.records.raw import Quarantined
from jobs.sample.asking import Row
from jobs.sample.chunks import Chunks
from jobs.sample.task import ANSWERS, SampleTask

EMPTY = "an empty answer"


def whole_chunks(tables: Iterator[pa.Table], sizes: Sequence[int]) -> Iterator[tuple[int, pa.Table]]:
    """Rows of ``ANSWERS`` in any order → chunks, each as soon as all its ``sizes[chunk]`` answers are there. An answer
    may come twice, where Ray Data did a block again: the first one counts.
    """
    held: dict[int, dict[tuple[int, int], Row]] = defaultdict(dict)
    done: set[int] = set()
    for table in tables:
        for row in table.to_pylist():
            chunk = row["chunk"]
            if chunk in done:
                continue
            held[chunk].setdefault((row["prompt"], row["number"]), row)
            if len(held[chunk]) == sizes[chunk]:
                done.add(chunk)
                yield chunk, pa.Table.from_pylist(list(held.pop(chunk).values()), schema=ANSWERS)


def records_of(task: SampleTask, chunks: Chunks) -> Iterator[Demonstration | Quarantined]:
    """In the order of the prompts; empty answers, and prompts that could not be asked, are quarantined under the
    policy's name and the number of the answer. Equal answers to a prompt are as many records: what is likelier to be
    said is there more often.
    """
    line = 0
    for chunk in range(len(chunks.sizes())):
        prompts = chunks.prompts(chunk)
        columns = (chunks.answers(chunk)[name].to_pylist() for name in ("prompt", "text", "reason"))
        said: Counter[Digest] = Counter()
        for place, text, reason in zip(*columns, strict=True):
            line += 1
            one = prompts[place]
            if not text or not isinstance(one.input, Conversation):
                yield Quarantined(task.policy.name, line, reason or EMPTY)
                continue
            answer = one.input.with_answer(text)
            identity = identity_of(answer)
            again, said[identity] = said[identity], said[identity] + 1
            name = digest_json([identity, again]) if again else identity
            yield Demonstration(name, answer, task.policy.name, one.split, one.weight)
