"""From edited answers to probes, the words that edits are made of, and what searches need."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from iirl_core.demonstration import Conversation
from iirl_core.errors import ConfigError, InputError
from iirl_core.policy.writing import Writing
from iirl_core.probe.answer_reward import AnswerReward
from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.taking_turns import turns

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


def sentences(text: str) -> list[str]:
    """Split after ``. ! ? …`` and white space; at least one part, ``text`` itself."""
    return [part for part in _SENTENCE_END.split(text.strip()) if part] or [text]


def pairs(seed: ChunkSeed, made: Sequence[tuple[Conversation, str, str]]) -> list[Probe]:
    """(original, edited answer, note) → probes of an original and its edit."""
    return [
        Probe((original, original.with_answer(answer)), seed.family, seed.label(index), note)
        for index, (original, answer, note) in enumerate(made)
    ]


def singles(seed: ChunkSeed, made: Sequence[tuple[Conversation, str, str]]) -> list[Probe]:
    """(context, answer, note) → probes of one input."""
    return [
        Probe((context.with_answer(answer),), seed.family, seed.label(index), note)
        for index, (context, answer, note) in enumerate(made)
    ]


def with_room(
    records: Sequence[Conversation],
    rng: np.random.Generator,
    count: int,
    prompt: Callable[[Conversation], tuple[int, ...]],
) -> list[tuple[Conversation, tuple[int, ...]]]:
    """``count`` of the ``records`` in turns, each with the tokens of its ``prompt``. Where a request leaves no room for
    an answer (``prompt`` raises InputError), the next one takes its turn; empty where all do.
    """
    found: list[tuple[Conversation, tuple[int, ...]]] = []
    refused: set[int] = set()
    while len(found) < count and len(refused) < len(records):
        for index in turns(rng, len(records), len(records)):
            if len(found) < count and index not in refused:
                try:
                    found.append((records[index], prompt(records[index])))
                except InputError:
                    refused.add(index)
    return found


def searched(material: Material, family: str) -> AnswerReward:
    """The reward to search.

    Raises:
        InputError: the material came without it.
    """
    if not isinstance(material.reward, AnswerReward):
        raise InputError(f"the family {family} searches the reward", "material with a reward of conversations")
    return material.reward


def written_by(material: Material, family: str) -> Writing:
    """The language model that writes.

    Raises:
        ConfigError: none was named.
    """
    if material.writing is None:
        raise ConfigError(f"the family {family} without a language model", "audit.language_model.model")
    return material.writing
