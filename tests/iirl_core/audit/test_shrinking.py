from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from iirl_core.audit.chunk import ChunkResult
from iirl_core.audit.finding import Finding
from iirl_core.audit.reservoir import Reservoir
from iirl_core.audit.shrinking import READINGS, made_small, shrunk
from iirl_core.canonical import digest_json
from iirl_core.demonstration import Conversation, Input, Message, Trajectory, conversation
from iirl_core.errors import InputError
from iirl_core.norm import Norm, NormKind
from iirl_core.norm.region import Bounds
from iirl_core.reading import Evidence, Reading
from tests.iirl_core.probe.samples import off_arc, planar

EVIDENCE = Evidence(0.5, 0.0, 0.0, (), 0.0, 0.0, (1.0,))


@dataclass
class Wordy:
    """Pays for the word "trust", as a learnt reward might; counts what it was asked."""

    asked: int = 0

    def read(self, inputs: Sequence[Conversation]) -> list[Reading]:
        self.asked += len(inputs)
        rewards = [0.9 if "trust" in item.answer else 0.2 for item in inputs]
        return [Reading(0.0, reward, 0.0, EVIDENCE) for reward in rewards]


def norm(kind: NormKind = NormKind.CEILING) -> Norm:
    return replace(off_arc(), kind=kind, region=None, threshold=0.5 if kind is NormKind.CEILING else 0.1)


def finding(*inputs: Input, step: int = 0) -> Finding:
    rewards = tuple(0.9 for _ in inputs)
    return Finding(digest_json("a"), 1, "off-arc", True, 3, "f", "f/1.0.0", "", inputs, rewards, 0.4, step)


def test_an_answer_is_shrunk_to_the_word_that_breaks_the_norm() -> None:
    long = conversation("Well?", "You can of course trust me with it,\nI have done this for years and never failed.")
    (small,) = shrunk(finding(long), Wordy(), norm())  # type: ignore[arg-type]
    assert isinstance(small, Conversation)
    assert small == conversation("Well?", "trust")


def test_earlier_turns_that_matter_nothing_go_and_the_last_question_stays() -> None:
    turns = [Message("user", "Hi"), Message("assistant", "Hello"), Message("user", "Well?")]
    (small,) = shrunk(finding(Conversation((*turns, Message("assistant", "trust")))), Wordy(), norm())  # type: ignore[arg-type]
    assert small == conversation("Well?", "trust")


def test_long_answers_are_shrunk_in_little_more_than_their_readings_take() -> None:
    words = 20_000 * "very "
    original, edited = conversation("Well?", f"{words} no. {words}"), conversation("Well?", f"{words} trust. {words}")
    turned = conversation("Well?", f"{words} trust. {20_000 * 'truly '}")
    began = time.process_time()
    assert shrunk(finding(original, edited), Wordy(), norm(NormKind.INVARIANCE)) != (original, edited)  # type: ignore[arg-type]
    assert shrunk(finding(turned, edited), Wordy(), norm())  # type: ignore[arg-type]
    assert time.process_time() - began < 20


def test_of_a_pair_the_shared_words_go_and_the_edit_stays() -> None:
    original = conversation("Well?", "It is on its way to you now.")
    edited = conversation("Well?", "It is on its way, trust me, to you now.")
    small = shrunk(finding(original, edited), Wordy(), norm(NormKind.INVARIANCE))  # type: ignore[arg-type]
    assert [item.answer.split() for item in small if isinstance(item, Conversation)] == [
        ["way"],
        ["way,", "trust", "me,"],
    ]


def test_of_a_pair_whose_edit_is_judged_alone_the_edit_is_shrunk_by_itself() -> None:
    original = conversation("Well?", "It is on its way to you now.")
    edited = conversation("Well?", "Nobody knows where, but trust me, it will come.")
    assert shrunk(finding(original, edited), Wordy(), norm()) == (original, conversation("Well?", "trust"))  # type: ignore[arg-type]


def test_it_asks_no_more_than_it_may() -> None:
    model = Wordy()
    long = conversation("Well?", " ".join(f"word{n}" for n in range(400)) + " trust")
    shrunk(finding(long), model, norm())  # type: ignore[arg-type]
    assert model.asked <= READINGS + 1


def test_what_no_longer_breaks_the_norm_stays_as_it_is() -> None:
    fine = conversation("Well?", "On its way.")
    assert shrunk(finding(fine), Wordy(), norm()) == (fine,)  # type: ignore[arg-type]


@pytest.mark.parametrize("step", [0, 20, 39])
def test_a_trajectory_is_cut_to_the_steps_around_the_offending_one(step: int) -> None:
    model, _, _ = planar()
    states = np.tile([[0.0, -1.5]], (40, 1))
    whole = Trajectory(states, terminal=True)
    always = replace(off_arc(), kind=NormKind.FLOOR, threshold=1.0)
    (small,) = shrunk(finding(whole, step=step), model, always)
    assert isinstance(small, Trajectory)
    assert len(small) == 1
    assert small.terminal == (step == 39)


class Strict(Wordy):
    """Has no number for an answer of fewer than three words."""

    def read(self, inputs: Sequence[Conversation]) -> list[Reading]:
        if any(len(item.answer.split()) < 3 for item in inputs):
            raise InputError("an answer of fewer than three words")
        return super().read(inputs)


def test_what_cannot_be_read_is_not_smaller() -> None:
    long = conversation("Well?", "You can of course trust me with it.")
    (small,) = shrunk(finding(long), Strict(), norm())  # type: ignore[arg-type]
    assert isinstance(small, Conversation)
    assert len(small.answer.split()) == 3
    assert "trust" in small.answer


@pytest.mark.parametrize("at", [0, 3, 20, 37, 39])
def test_of_a_window_stays_what_it_looks_at(at: int) -> None:
    model, _, _ = planar(3)
    states = np.tile([[0.0, -1.5]], (40, 1)) + np.arange(40)[:, None] * 1e-3
    always = replace(off_arc(), kind=NormKind.FLOOR, threshold=1.0)
    (small,) = shrunk(finding(Trajectory(states), step=at), model, always)
    assert isinstance(small, Trajectory)
    assert np.array_equal(small.observations, states[at : at + 3].astype(np.float32))


def test_a_longer_stretch_lies_around_what_the_row_looks_at() -> None:
    model, _, _ = planar(3)
    states = np.tile([[0.0, -1.5]], (40, 1)) + np.arange(40)[:, None] * 1e-3
    states[19, 0] = 0.5
    before = Bounds(np.array([-0.25, -2.0]), np.array([0.25, 0.0]))
    always = replace(off_arc(), kind=NormKind.FLOOR, threshold=1.0, region=before)
    (small,) = shrunk(finding(Trajectory(states), step=20), model, always)
    assert isinstance(small, Trajectory)
    assert np.array_equal(small.observations, states[18:24].astype(np.float32))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("step", [6, 20])
def test_of_a_pair_of_which_one_is_over_before_the_offending_step_its_end_stays(step: int) -> None:
    model, _, _ = planar()
    states = np.tile([[0.0, -1.5]], (40, 1)) + np.arange(40)[:, None] * 1e-3
    always = replace(off_arc(), kind=NormKind.FLOOR, threshold=1.0)
    for one in shrunk(finding(Trajectory(states[:6]), Trajectory(states), step=step), model, always):
        assert isinstance(one, Trajectory)
        assert np.array_equal(one.observations, states[5:6].astype(np.float32))


def chunk(*findings: Finding) -> ChunkResult:
    return ChunkResult(9, (), findings, Reservoir(np.zeros((0, 2), np.float32), np.zeros(0)), (0,) * 20)


def test_of_a_chunk_the_worst_conversations_are_made_small_and_a_lone_step_is_as_small_as_can_be() -> None:
    long, other = conversation("Well?", "You can trust me with it."), conversation("Well?", "In trust, then.")
    step = Trajectory(np.zeros((1, 2), np.float32))
    told = made_small(chunk(finding(long), finding(other), finding(step)), Wordy(), [norm()], 1)  # type: ignore[arg-type]
    assert [one.smaller for one in told.findings] == [(conversation("Well?", "trust"),), (), (step,)]
    assert [one.inputs for one in told.findings] == [(long,), (other,), (step,)]
