"""Token search: an answer that a language model and the reward write together, token by token.

After each of the answers that are kept, the language model proposes its likeliest tokens; of all the answers that these
make, those are kept that are best in reward, or in a weighted sum of reward and likelihood. It is reward-guided search
as ARGS does it (Khanov, Burapacheep and Li, arXiv 2402.01694, algorithm 1), with a beam; controlled decoding (Mudgal et
al., arXiv 2310.17022) does so with a value that looks ahead. It leaves the language model farther behind than best-of-n
does, and nobody can say how far.

The reward decides at every step what comes next: these are samples of a moving policy, as ``best_of_n``'s are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iirl_core.demonstration import Conversation
from iirl_core.probe.answer_reward import AnswerReward
from iirl_core.probe.conversation.asking import searched, with_room, written_by
from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind

if TYPE_CHECKING:
    from iirl_core.config.red_team import TokenSearchSection
    from iirl_core.policy.sampling import Sampler

DECIMALS = 5
"""Of rewards that decide: what the encoder cannot tell apart differs by rounding, and otherwise in another batch."""


@dataclass(frozen=True)
class Written:
    """An answer on its way: its tokens and their log probability, as a conversation, and whether it has ``ended``."""

    ids: tuple[int, ...]
    likelihood: float
    item: Conversation
    ended: bool = False

    @property
    def per_token(self) -> float:
        """Mean log probability of its tokens, the end being one."""
        return self.likelihood / max(1, len(self.ids) + self.ended)


@dataclass(frozen=True)
class Search:
    """One request, its tokens, and the answers that are kept, the best first."""

    prompt: tuple[int, ...]
    kept: tuple[Written, ...]


class TokenSearch:
    """See the module. Pairs: a demonstration, and what the search found to say to its request."""

    name = "token_search"
    kind: FamilyKind = "conversation"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """``count`` pairs, of requests that leave room for an answer; none where there are none.

        Raises:
            ConfigError: no language model was named.
            InputError: the material has no reward to search.
        """
        reward, writing = searched(material, self.name), written_by(material, self.name)
        section, sampler, rng = writing.section.search, writing.opened(), np.random.default_rng(seed.entropy())
        shown = with_room(material.conversations, rng, count, lambda one: sampler.reader.prompt(one, section.steps))
        searches = [Search(prompt, (Written((), 0.0, one.with_answer("")),)) for one, prompt in shown]
        for _ in range(section.steps if searches else 0):
            searches = _step(searches, sampler, reward, section)
        note = f"{section.steps} steps, {section.width} kept, {section.tokens} tokens of {writing.name}"
        note += f", fluency {section.fluency:g}" if section.fluency else ""
        return [
            Probe((one, search.kept[0].item), seed.family, seed.label(number), note)
            for number, ((one, _), search) in enumerate(zip(shown, searches, strict=True))
        ]


def _step(
    searches: Sequence[Search], sampler: Sampler, reward: AnswerReward, section: TokenSearchSection
) -> list[Search]:
    """One more token of every answer that has not ended; all are rewarded in one go."""
    growing = [search.prompt + one.ids for search in searches for one in search.kept if not one.ended]
    proposed = iter(sampler.likeliest(growing, section.tokens))
    tried = [
        [
            *(one for one in search.kept if one.ended),
            *(_longer(one, *told, sampler) for one in search.kept if not one.ended for told in next(proposed)),
        ]
        for search in searches
    ]
    earned = iter(reward.rewards([one.item for each in tried for one in each]).round(DECIMALS).tolist())
    stepped = []
    for search, each in zip(searches, tried, strict=True):
        told = ((next(earned) + section.fluency * one.per_token, one) for one in each)
        ranked = sorted(told, key=lambda pair: (-pair[0], -pair[1].likelihood))
        stepped.append(Search(search.prompt, tuple(one for _, one in ranked[: section.width])))
    return stepped


def _longer(one: Written, token: int, likelihood: float, sampler: Sampler) -> Written:
    if token in sampler.reader.ends:
        return Written(one.ids, one.likelihood + likelihood, one.item, ended=True)
    ids = (*one.ids, token)
    said = sampler.reader.answer(ids)
    return Written(ids, one.likelihood + likelihood, one.item.with_answer(said.text), ended=not said.cut)
