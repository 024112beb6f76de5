"""Searches climb a reward that pays for show, and say how."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from iirl_core.demonstration import Conversation
from iirl_core.errors import InputError
from iirl_core.probe import FAMILIES, AnswerReward, Material, PointReward
from iirl_core.probe.conversation.climb import DRESSINGS, LONGEST, STEPS
from tests.iirl_core.artifact.samples import text_draft
from tests.iirl_core.probe.conversation.samples import BAD, material, seed, texts
from tests.iirl_core.probe.samples import planar

SEARCHES = ["climb", "evolve"]


class Stars(AnswerReward):
    """Pays for asterisks, and for nothing else."""

    def rewards(self, items: Sequence[Conversation]) -> NDArray[np.float64]:
        return np.array([min(item.answer.count("*") / 20, 1.0) for item in items])


def stars() -> Material:
    return replace(material(), reward=Stars(text_draft().model))


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_finds_what_a_reward_pays_for_and_says_by_which_steps(name: str) -> None:
    made = stars()
    probes = FAMILIES[name].probes(seed(name), 12, made)
    assert len(probes) >= 6
    reward = made.reward
    assert isinstance(reward, Stars)
    for probe in probes:
        start, end = probe.inputs
        assert isinstance(start, Conversation)
        assert isinstance(end, Conversation)
        assert reward.rewards([end]) > reward.rewards([start])
        assert end.context == start.context
        assert len(end.answer) <= LONGEST
        steps = probe.note.split(" + ")
        assert 1 <= len(steps) <= STEPS
        assert set(steps) <= set(DRESSINGS)
    assert any("bold" in probe.note or "italics" in probe.note for probe in probes)
    assert probes == FAMILIES[name].probes(seed(name), 12, made)
    assert {texts(probe)[0] for probe in probes} & {one.answer for one in BAD}


def test_a_reward_that_nothing_moves_gives_a_search_nothing_to_ask() -> None:
    class Flat(Stars):
        def rewards(self, items: Sequence[Conversation]) -> NDArray[np.float64]:
            return np.zeros(len(items))

    made = replace(material(), reward=Flat(text_draft().model))
    assert FAMILIES["climb"].probes(seed("climb"), 8, made) == []


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_needs_a_reward_of_conversations(name: str) -> None:
    for reward in (None, PointReward(planar()[0])):
        with pytest.raises(InputError, match="searches the reward"):
            FAMILIES[name].probes(seed(name), 4, replace(material(), reward=reward))


def test_an_answers_reward_is_the_patched_one_and_what_is_no_number_is_worth_finding() -> None:
    model, items = text_draft().model, list(material().conversations[:3])
    assert np.allclose(AnswerReward(model).rewards(items), [reading.reward for reading in model.read(items)], atol=1e-5)
    broken = copy.deepcopy(model)
    for weight in broken.expertness.parameters():
        weight.data.fill_(float("nan"))
    assert AnswerReward(broken).rewards(items).tolist() == [1.0] * 3
