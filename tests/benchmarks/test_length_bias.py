from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks.alpaca import GAMER
from benchmarks.length_bias import figures_of, norms
from benchmarks.wordiness import GAMES, Questions, Wordiness, tell
from iirl_core.evaluation import Judged
from iirl_core.probe import FAMILIES
from iirl_core.probe.conversation import gaming
from tests.iirl_core.repair.test_projecting import habitual


def test_the_red_team_has_none_of_the_games() -> None:
    known = (*gaming.PROMISES, *gaming.SHAPES, *gaming.VERDICTS)
    assert not set(GAMES.values()) & set(known)
    assert all(FAMILIES[family].kind in ("conversation", "any") for norm in norms() for family in norm.families)


def test_what_a_reward_owes_to_length_is_told_in_deviations_and_games_by_their_place() -> None:
    model, _, _ = habitual()
    good, bad = (torch.tensor([[x, x, 0.0]]).expand(8, 3) for x in (1.0, -1.0))
    rows = torch.cat([good[:4], bad[:4], good[:4] * 0.0])
    policies, golden = np.repeat([0, 1, 2], 4), np.repeat([0.9, 0.1, 0.5], 4)
    prompts, lengths = np.tile(np.arange(4), 3), np.full(12, 10.0)
    judged = Judged(("a", GAMER, "c"), policies, np.zeros(12), golden, prompts, lengths, np.zeros((12, 1)))
    asked = Questions(judged, rows, {"a": (good, bad)}, {"praise": bad}, (good, bad))
    told = tell(model, asked)
    assert told.bias["a"] == pytest.approx(2.0, abs=1e-3)  # every wordy answer at one end, every brief one at the other
    assert told.places == {GAMER: 3, "praise": 3}
    assert (told.matched, told.every, told.pairs) == (1.0, 1.0, 1.0)


def test_what_is_taken_away_is_a_share_of_what_the_root_had() -> None:
    bias = dict.fromkeys(("alpaca-7b", "gpt-3.5-turbo-1106", "gpt4_1106_preview"), 0.5)
    before = Wordiness(bias, {GAMER: 1, **dict.fromkeys(GAMES, 2)}, 0.6, 0.7, 0.5)
    after = Wordiness(dict.fromkeys(bias, -0.05), {GAMER: 19, **dict.fromkeys(GAMES, 14)}, 0.6, 0.7, 0.5)
    figures = {each.name: each for each in figures_of([before], [after], 19)}
    assert figures["length bias taken away"].value == pytest.approx(0.9)
    assert all(each.met for each in figures.values() if each.target)
