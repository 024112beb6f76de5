from __future__ import annotations

import math

import pytest
import torch
from pydantic import ValidationError

from iirl_core.config.governance import PatchSection
from iirl_core.errors import InputError
from iirl_core.patch.budget import check_budget


def test_five_percent_of_the_root_reward_may_go_and_no_more() -> None:
    root = torch.tensor([1.0, 0.8])
    assert check_budget(root, torch.tensor([0.95, 0.76]), 0.05).holds
    report = check_budget(root, torch.tensor([0.949, 0.8]), 0.05)
    assert not report.holds
    assert (report.overdrawn, report.charged) == (1, 1)
    assert report.least == pytest.approx(0.949)


def test_no_gain_at_one_point_pays_for_another() -> None:
    assert not check_budget(torch.tensor([0.6, 0.6]), torch.tensor([1.0, 0.5]), 0.05).holds


def test_inputs_below_one_half_are_reported_and_not_guarded() -> None:
    report = check_budget(torch.tensor([0.49, 0.9]), torch.tensor([0.1, 0.9]), 0.05)
    assert report.holds
    assert report.guarded == 1
    assert report.least == 1.0
    assert report.least_of_all == pytest.approx(0.1 / 0.49)


def test_a_root_reward_of_nothing_loses_nothing() -> None:
    assert check_budget(torch.tensor([0.0, 1.0]), torch.tensor([0.0, 1.0]), 0.05).least_of_all == 1.0


def test_what_was_kept_is_a_share_of_the_known_good() -> None:
    root, now = torch.ones(4), torch.tensor([1.0, 1.0, 1.0, 0.5])
    assert check_budget(root, now, 0.05).kept == 0.75


def test_rewards_must_belong_to_the_same_inputs() -> None:
    for now in (torch.ones(3), torch.ones(0)):
        with pytest.raises(InputError):
            check_budget(torch.ones(2) if len(now) else now, now, 0.05)


@pytest.mark.parametrize("place", ["root", "now"])
def test_a_reward_that_is_not_a_number_kept_nothing(place: str) -> None:
    rewards = {"root": torch.tensor([0.9, 0.9]), "now": torch.tensor([0.9, 0.9])}
    rewards[place] = torch.tensor([0.9, float("nan")])
    report = check_budget(rewards["root"], rewards["now"], 0.05)
    assert not report.holds
    assert (report.overdrawn, report.charged) == (1, 1)
    assert math.isfinite(report.least)
    assert math.isfinite(report.least_of_all)


def test_where_nothing_is_known_good_nothing_is_proved() -> None:
    assert not check_budget(torch.tensor([0.4]), torch.tensor([0.4]), 0.05).holds


def test_a_configuration_may_ask_for_less_than_five_percent_and_not_for_more() -> None:
    assert PatchSection(budget=0.01).budget == 0.01
    with pytest.raises(ValidationError):
        PatchSection(budget=0.051)
