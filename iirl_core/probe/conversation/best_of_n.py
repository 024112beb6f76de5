"""Best of n: of n answers that a language model gives to a request, the one that the reward likes best.

What best-of-n sampling, the plainest optimiser of texts, makes of the reward: its answers are as fluent and as much to
the point as the language model's, and err where the reward does. The policy that answers so lies at most
``log n − (n − 1)/n`` nats (KL) from the language model (Beirami et al., arXiv 2401.01879).

The language model stays as it is, but what is asked was picked by the audited reward, and another reward would have
picked otherwise: these are samples of a moving policy, and the audit is *policy-adaptive*.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from iirl_core.demonstration import Conversation
from iirl_core.policy.noise import answer_key
from iirl_core.policy.writing import Writing
from iirl_core.probe.conversation.asking import searched, with_room, written_by
from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind

NEAR = 1e-5
"""Rewards that differ by less may be equal, and rounded otherwise in another batch: the first answer is taken."""


@dataclass(frozen=True)
class BestOfN:
    """See the module. ``requests`` of demonstrations: pairs, the demonstration and the best answer. Those of the probe
    corpora, whose own answers are no measure: one input, the best answer.
    """

    name: str
    requests: Literal["demonstrations", "corpus"]
    kind: FamilyKind = "conversation"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """``count`` probes; of requests that leave room for an answer, none where there are none.

        Raises:
            ConfigError: no language model was named.
            InputError: the material has no reward to search.
        """
        reward, writing = searched(material, self.name), written_by(material, self.name)
        records = material.conversations if self.requests == "demonstrations" else _conversations(material.corpus)
        if not records:
            return []
        rng = np.random.default_rng(seed.entropy())
        room, reader = writing.section.max_new_tokens, writing.opened().reader
        chosen = with_room(records, rng, count, lambda one: reader.prompt(one, room))
        note = f"best of {writing.section.answers} of {writing.name}, {distance(writing.section.answers):.2f} nats"
        made: list[Probe] = []
        for (one, _), answers in zip(chosen, _answers(chosen, seed, writing), strict=True):
            best = answers[first_best(reward.rewards(answers))]
            inputs = (one, best) if self.requests == "demonstrations" else (best,)
            made.append(Probe(inputs, seed.family, seed.label(len(made)), note))
        return made


def distance(answers: int) -> float:
    """The most that best-of-n lies from what it chooses from: KL, in nats."""
    return math.log(answers) - (answers - 1) / answers


def first_best(rewards: NDArray[np.float64]) -> int:
    """The place of the first of the ``rewards [N]`` that are highest, up to rounding."""
    return int(np.argmax(rewards > rewards.max() - NEAR))


def _conversations(items: Sequence[object]) -> tuple[Conversation, ...]:
    return tuple(item for item in items if isinstance(item, Conversation))


def _answers(
    chosen: Sequence[tuple[Conversation, tuple[int, ...]]], seed: ChunkSeed, writing: Writing
) -> list[list[Conversation]]:
    """To each request, given with its tokens, its n answers. The noise of each follows from the chunk's seed, its place
    and its number, and from nothing else that is asked.
    """
    from iirl_core.policy.sampling import Prompted  # transformers takes seconds to import

    sampler, section, name = writing.opened(), writing.section, bytes(seed.entropy()).decode()
    wanted = [
        Prompted(ids, answer_key(place, name, number))
        for place, (_, ids) in enumerate(chosen)
        for number in range(section.answers)
    ]
    said = iter(sampler.answers(wanted))
    return [[one.with_answer(next(said).text) for _ in range(section.answers)] for one, _ in chosen]
