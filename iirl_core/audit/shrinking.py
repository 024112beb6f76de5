"""Shrinking: the least inputs that still break a finding's norm, so that a reader sees what it is about.

Delta debugging (Zeller & Hildebrandt 2002, ddmin): of the parts of an input ever smaller subsets are left out, as long
as the norm stays broken. Of a conversation the parts are earlier turns, then the words of the answer; of a pair that is
compared the words that original and edit share, left out of both, so that what was changed stays, and of one whose edit
is judged alone the words of the edit. Of a trajectory it is what the
offending row looks at, or the shortest stretch, by doubling, around that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from difflib import SequenceMatcher

import numpy as np

from iirl_core.audit.chunk import ChunkResult
from iirl_core.audit.finding import Finding
from iirl_core.audit.verify import answers_of
from iirl_core.demonstration import Conversation, Input, Trajectory
from iirl_core.encoder.rows import sight_of, stretch_of
from iirl_core.encoder.trajectory import TrajectoryEncoder
from iirl_core.errors import ConfigError
from iirl_core.norm.judge import judge
from iirl_core.norm.norm import Norm
from iirl_core.norm.number import norm_of
from iirl_core.reward_model import RewardModel

READINGS = 60
"""Questions that one finding's shrinking may cost."""
COMPARED = 10**6
"""Pairs of words that are compared to see what two answers share between their common beginning and end."""
_WORD = re.compile(r"\s*\S+")

Parts = tuple[int, ...]
Build = Callable[[Parts], tuple[Input, ...]]


def shrunk(finding: Finding, model: RewardModel, norm: Norm) -> tuple[Input, ...]:
    """The smallest inputs found, as many as the finding has; its own where none is smaller, or nothing is broken."""
    work = _Work(finding, model, norm)
    if not work.breaks(finding.inputs):
        return finding.inputs
    if isinstance(finding.offender, Trajectory):
        return next((inputs for inputs in _stretches(finding, model) if work.breaks(inputs)), finding.inputs)
    inputs = finding.inputs
    alone = norm.kind.bounds and not work.numberless
    for cut in (_turns, _words_of_last if alone else _words):
        parts, build = cut(inputs)
        inputs = build(work.fewest(parts, build))
    return inputs


def made_small(result: ChunkResult, model: RewardModel, norms: Sequence[Norm], most: int) -> ChunkResult:
    """A chunk's verified findings with their smaller inputs: of all trajectories, which takes a reading or two, and of
    the worst ``most`` conversations.
    """
    found = []
    for finding in result.findings:
        norm, cheap = norm_of(norms, finding.norm), isinstance(finding.offender, Trajectory)
        if _is_step(finding):
            found.append(replace(finding, smaller=finding.inputs))
        elif norm is not None and (cheap or most > 0):
            found.append(replace(finding, smaller=shrunk(finding, model, norm)))
            most -= not cheap
        else:
            found.append(finding)
    return replace(result, findings=tuple(found))


def _is_step(finding: Finding) -> bool:
    """Of which nothing can be left out."""
    return all(isinstance(item, Trajectory) and len(item) == 1 for item in finding.inputs)


class _Work:
    """Owns how many questions are left."""

    def __init__(self, finding: Finding, model: RewardModel, norm: Norm) -> None:
        self.finding, self.model, self.norm, self.left = finding, model, norm, READINGS
        self.numberless = any(np.isnan(reward) for reward in finding.rewards)

    def breaks(self, inputs: tuple[Input, ...]) -> bool:
        self.left -= 1
        answers = answers_of(self.model, inputs)
        if not self.numberless and any(np.isnan(answer).any() for answer in answers):
            return False  # what cannot be read is not smaller, but something else
        try:
            return judge(self.norm, inputs, answers, self.finding.source).broken
        except ConfigError:  # a predicate that was never meant for such an input
            return False

    def fewest(self, parts: Parts, build: Build) -> Parts:
        """Ddmin over the parts that may be left out."""
        pieces = 2
        while len(parts) >= 1 and self.left > 0:
            cuts = np.array_split(np.array(parts), min(pieces, len(parts)))
            smaller = self._first((_without(parts, set(cut.tolist())) for cut in cuts), build)
            if smaller is not None:
                parts, pieces = smaller, max(pieces - 1, 2)
            elif pieces >= len(parts):
                break
            else:
                pieces = min(2 * pieces, len(parts))
        return parts

    def _first(self, candidates: Iterable[Parts], build: Build) -> Parts | None:
        for candidate in candidates:
            if self.left <= 0:
                return None
            if self.breaks(build(candidate)):
                return candidate
        return None


def _without(parts: Parts, cut: AbstractSet[int]) -> Parts:
    return tuple(part for part in parts if part not in cut)


def _turns(inputs: tuple[Input, ...]) -> tuple[Parts, Build]:
    """Turns before the last question, which the answers of a pair share."""
    items = [item for item in inputs if isinstance(item, Conversation)]
    contexts = [item.context for item in items]
    if any(context != contexts[0] for context in contexts):
        return (), lambda _: inputs
    last = max(len(contexts[0]) - 1, 0)

    def build(kept: Parts) -> tuple[Input, ...]:
        turns = tuple(contexts[0][index] for index in (*kept, *range(last, len(contexts[0]))))
        return tuple(Conversation((*turns, item.messages[-1])) for item in items)

    return tuple(range(last)), build


def _words_of_last(inputs: tuple[Input, ...]) -> tuple[Parts, Build]:
    """Words of the answer that is judged; an original beside it stays as it is."""
    parts, build = _words(inputs[-1:])
    return parts, lambda kept: (*inputs[:-1], *build(kept))


def _words(inputs: tuple[Input, ...]) -> tuple[Parts, Build]:
    """Words of the answer; of a pair, those that both have in one place."""
    items = [item for item in inputs if isinstance(item, Conversation)]
    words = [_WORD.findall(item.answer) for item in items]
    shared: list[tuple[int, ...]] = [(index,) for index in range(len(words[0]))]
    if len(items) > 1:
        shared = _shared(words[0], words[1])

    def build(kept: Parts) -> tuple[Input, ...]:
        gone = set(range(len(shared))).difference(kept)
        left = [{shared[index][side] for index in gone} for side in range(len(items))]
        return tuple(
            item.with_answer("".join(word for place, word in enumerate(said) if place not in out).lstrip())
            for item, said, out in zip(items, words, left, strict=True)
        )

    return tuple(range(len(shared))), build


def _shared(one: Sequence[str], other: Sequence[str]) -> list[tuple[int, ...]]:
    """Places of the words that both say, in order: how both begin, how both end, and what they share between, unless
    that is too much to compare.
    """
    most = min(len(one), len(other))
    start = next((place for place in range(most) if one[place] != other[place]), most)
    most -= start
    end = next((place for place in range(most) if one[-1 - place] != other[-1 - place]), most)
    places = [(place, place) for place in range(start)]
    between = one[start : len(one) - end], other[start : len(other) - end]
    if len(between[0]) * len(between[1]) <= COMPARED:
        blocks = SequenceMatcher(None, *between, autojunk=False).get_matching_blocks()
        places += [(start + block.a + i, start + block.b + i) for block in blocks for i in range(block.size)]
    return [*places, *((len(one) - place, len(other) - place) for place in range(end, 0, -1))]


def _stretches(finding: Finding, model: RewardModel) -> Iterator[tuple[Input, ...]]:
    """What the offending row looks at, then ever longer ones around it, cut out of every input alike."""
    items = [item for item in finding.inputs if isinstance(item, Trajectory)]
    length = min(len(item) for item in items)
    sight = _sight(model, min(finding.step, length - 1), length)
    size = len(sight)
    while size < length:
        before = (size - len(sight) + 1) // 2
        start = min(max(sight.start - before, 0), length - size)
        yield tuple(stretch_of(item, range(start, start + size)) for item in items)
        size *= 2


def _sight(model: RewardModel, step: int, length: int) -> range:
    encoder = model.encoder
    if not isinstance(encoder, TrajectoryEncoder):
        return range(step, step + 1)
    return sight_of(encoder.rows, step, length, encoder.window)
