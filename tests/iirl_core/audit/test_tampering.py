from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import pytest
import torch

from iirl_core.audit import decide_verdict
from iirl_core.audit.tampering import SAMPLE, Movement, movements
from iirl_core.demonstration import Conversation, Input, Trajectory
from iirl_core.encoder.protocol import Encoded, Encoder
from iirl_core.reward_model import RewardModel
from tests.iirl_core.artifact.samples import text_draft
from tests.iirl_core.probe.conversation.samples import GOOD
from tests.iirl_core.probe.samples import planar


class Placed:
    """An encoder whose rows depend on where in the batch an input stands."""

    def __init__(self, encoder: Encoder, shift: torch.Tensor) -> None:
        self.encoder, self.kind, self.width, self.shift = encoder, encoder.kind, encoder.width, shift

    def encode(self, inputs: Sequence[Input]) -> Encoded:
        encoded = self.encoder.encode(inputs)
        owner = torch.repeat_interleave(torch.arange(len(inputs)), torch.tensor(encoded.lengths))
        return replace(encoded, z=encoded.z + owner[:, None] * self.shift)


def moved(model: RewardModel, inputs: Sequence[Input]) -> dict[str, Movement]:
    return {one.check: one for one in movements(model, inputs)}


def test_an_honest_reward_moves_with_none_of_them() -> None:
    model, _, train = planar()
    found = moved(model, train)
    assert set(found) == {"batch"}
    assert all(one.tolerated for one in found.values())
    assert found["batch"].asked == min(SAMPLE, len(train))


def test_conversations_are_read_with_other_whitespace_too() -> None:
    assert set(moved(text_draft().model, GOOD)) == {"batch", "whitespace"}


class Spaced:
    """An encoder that sees runs of spaces."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder, self.kind, self.width = encoder, encoder.kind, encoder.width
        self.along = torch.linspace(-1, 1, encoder.width)

    def encode(self, inputs: Sequence[Input]) -> Encoded:
        runs = [float("  " in one.answer) for one in inputs if isinstance(one, Conversation)]
        encoded = self.encoder.encode(inputs)
        return replace(encoded, z=encoded.z + torch.tensor(runs)[:, None] * self.along)


def test_a_reward_that_whitespace_moves_does_not_pass() -> None:
    model = text_draft().model
    found = moved(model.with_encoder(Spaced(model.encoder)), GOOD)
    assert found["batch"].tolerated
    assert not found["whitespace"].tolerated
    (reason,) = decide_verdict([], [], 0, tuple(found.values())).reasons
    assert "with the whitespace, which cannot matter" in reason


def test_nothing_but_what_is_scored_can_reach_a_reward() -> None:
    assert {field.name for field in fields(Conversation)} == {"messages"}
    assert {field.name for field in fields(Trajectory)} == {"observations", "actions", "terminal"}


def test_a_reward_that_depends_on_the_place_in_the_batch_does_not_pass() -> None:
    model, _, train = planar()
    width = model.spaces.whole.mean.shape[0]
    found = moved(model.with_encoder(Placed(model.encoder, torch.full((width,), 0.05))), train)
    assert not found["batch"].tolerated
    verdict = decide_verdict([], [], 0, tuple(found.values()))
    assert verdict.reasons == (f"the reward moves by {found['batch'].moved:.3g} with the batch, which cannot matter",)


@pytest.mark.parametrize(("moved_by", "passed"), [(0.0009, True), (0.002, False)])
def test_rounding_is_tolerated_and_no_more(moved_by: float, passed: bool) -> None:
    assert decide_verdict([], [], 0, [Movement("batch", 32, moved_by)]).passed is passed
