"""What remains is measured on records: the forgotten that were learnt from, and others that never were."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from iirl_core.canonical import Digest
from iirl_core.corpus import Dropped
from iirl_core.corpus.identity import split_key
from iirl_core.demonstration import Demonstration, Split
from iirl_core.encoder.remembering import RememberingEncoder
from iirl_core.reward_model import RewardModel
from iirl_core.selection import drawn
from iirl_core.unlearning import Heard
from jobs.train.sources import Sources

MEASURED = 500
"""Records of each kind that are asked about at most: by then the interval is some 0.07 wide."""
FEW = 10
"""Where fewer than so many never-seen records come from the forgotten ones' sources, those of all sources are asked."""


@dataclass(frozen=True)
class Witnesses:
    """Demonstrations of both kinds."""

    forgotten: tuple[Demonstration, ...]
    never: tuple[Demonstration, ...]

    def heard(self, *models: RewardModel) -> list[tuple[Heard, Heard]]:
        """What each model says of the forgotten, and of the others. A text is encoded once by each encoder."""
        if models[0].encoder.kind == "conversation":
            encoders = {id(one.encoder): RememberingEncoder(one.encoder, 2 * MEASURED) for one in models}
            models = tuple(one.with_encoder(encoders[id(one.encoder)]) for one in models)
        return [(_heard(one, self.forgotten), _heard(one, self.never)) for one in models]


def witnesses(behind: Sources, dropped: Sequence[Dropped]) -> Witnesses:
    """Of the demonstrations ``behind`` an artifact: those of the train split that are ``dropped``, and those of the
    unseen split, which no training read, of the same sources where there are enough of them.
    """
    ids = frozenset().union(*(one.ids for one in dropped))
    sources = frozenset().union(*(one.sources for one in dropped))
    gone = _some(one for one in _every(behind, "train") if one.id in ids)
    alike = _some(one for one in _every(behind, "unseen") if one.source in sources)
    return Witnesses(gone, alike if len(alike) >= FEW else _some(_every(behind, "unseen")))


def _every(behind: Sources, split: Split) -> Iterator[Demonstration]:
    return chain.from_iterable(corpus.demonstrations(split) for corpus in behind.demonstrations)


def _some(found: Iterable[Demonstration]) -> tuple[Demonstration, ...]:
    """A fair part, in an order of its own."""
    return tuple(heapq.nsmallest(MEASURED, found, key=lambda one: (drawn(one.id, 0), one.id)))


def _heard(model: RewardModel, asked: Sequence[Demonstration]) -> Heard:
    readings = model.read([one.input for one in asked])
    keys = [split_key(one.input, Digest(one.id)) for one in asked]
    return Heard(
        np.array([one.signal for one in readings]),
        np.array([one.reward for one in readings]),
        np.array([int(drawn(key, 0) * 2**52) for key in keys], np.int64),
    )
