from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from iirl_core.demonstration import Trajectory
from iirl_core.errors import InputError
from iirl_core.evaluation import Estimate, Resampling
from iirl_core.evaluation.returns import Returned, correlation, returns
from iirl_core.evaluation.rollouts import first_steps, mahalanobis, nearness, read_rollouts
from iirl_core.records.raw import RecordFile

FEW = Resampling(draws=50)


def found(returned: Returned) -> dict[str, Estimate]:
    return {each.name: each for each in returns(returned, FEW)}


def test_ranks_are_compared_and_not_values() -> None:
    true = np.arange(9.0)
    same = found(Returned(np.exp(true), true, np.ones(9)))
    assert same["returns/spearman"].value == pytest.approx(1)
    assert "returns/given_length" not in same
    assert found(Returned(-(true**3), true, np.ones(9)))["returns/spearman"].value == pytest.approx(-1)


def test_what_only_length_explains_is_taken_out() -> None:
    generator = np.random.default_rng(0)
    lengths = generator.permutation(400).astype(np.float64)
    only_length = found(
        Returned(lengths + generator.normal(0, 60, 400), lengths + generator.normal(0, 60, 400), lengths)
    )
    assert only_length["returns/spearman"].value > 0.6
    assert abs(only_length["returns/given_length"].value) < 0.15
    skill = generator.normal(0, 100, 400)
    more = found(Returned(lengths + skill, lengths + skill + generator.normal(0, 20, 400), lengths))
    assert more["returns/given_length"].value > 0.8
    assert more["returns/given_length"].low > 0.7


def test_baselines_stand_beside_it() -> None:
    true = np.arange(9.0)
    lengths = np.array([3.0, 1, 4, 1, 5, 9, 2, 6, 5])
    names = found(Returned(true, true, lengths, {"nearest": true % 3})).keys()
    assert {
        "returns/spearman",
        "length/returns/spearman",
        "nearest/returns/spearman",
        "nearest/returns/given_length",
    } <= names
    assert "length/returns/given_length" not in names


def test_random_heads_stand_beside_it_each_told_the_better_of_its_signs() -> None:
    true = np.arange(9.0)
    heads = np.stack([-true, np.array([3.0, 1, 4, 1, 5, 9, 2, 6, 5])], axis=1)
    figures = found(Returned(true, true, np.arange(9.0) % 2, heads=heads))
    other = abs(correlation(heads[:, 1], true)(np.ones(9)))
    assert figures["random/returns/spearman"].value == pytest.approx((1 + other) / 2)
    assert figures["random/returns/spearman"].high == pytest.approx(1, abs=0.05)
    assert "random/returns/given_length" in figures


def test_too_few_or_equal_rollouts_give_no_figure() -> None:
    assert not found(Returned(np.arange(3.0), np.arange(3.0), np.ones(3)))
    assert not found(Returned(np.ones(9), np.arange(9.0), np.ones(9)))
    with pytest.raises(InputError, match="one of everything"):
        Returned(np.ones(3), np.ones(2), np.ones(3))
    with pytest.raises(InputError, match="not a number"):
        Returned(np.ones(3), np.array([1.0, np.nan, 0]), np.ones(3))


def test_true_returns_come_from_steps_or_from_episodes(tmp_path: Path) -> None:
    states, episode = np.arange(14.0).reshape(7, 2), np.array([0, 0, 0, 1, 1, 2, 2])
    np.savez(tmp_path / "steps.npz", observations=states, episode=episode, rewards=np.arange(7.0), actions=states)
    np.savez(tmp_path / "episodes.npz", observations=states, episode=episode, returns=[9.0, 8, 7])
    steps, episodes = (read_rollouts(RecordFile(str(tmp_path / f"{name}.npz"))) for name in ("steps", "episodes"))
    assert [one.true_return for one in steps] == [3, 7, 11]
    assert [one.true_return for one in episodes] == [9, 8, 7]
    assert steps[1].trajectory.observations.tolist() == states[3:5].tolist()
    assert [len(one.trajectory) for one in first_steps(steps, 3)] == [3]
    assert [one.true_return for one in first_steps(steps, 2)] == [3, 7, 11]


def test_an_episode_that_ended_by_itself_says_so_and_its_first_steps_do_not(tmp_path: Path) -> None:
    states, ends = np.arange(12.0).reshape(6, 2), np.array([0, 0, 1, 0, 0, 0])
    arrays = {"observations": states, "episode": [0, 0, 0, 1, 1, 1], "terminals": ends, "rewards": np.ones(6)}
    np.savez(tmp_path / "fell.npz", **arrays)
    rollouts = read_rollouts(RecordFile(str(tmp_path / "fell.npz")))
    assert [one.trajectory.terminal for one in rollouts] == [True, False]
    assert not any(one.trajectory.terminal for one in first_steps(rollouts, 2))


def test_files_that_say_no_return_are_refused(tmp_path: Path) -> None:
    states = np.zeros((4, 2))
    np.savez(tmp_path / "none.npz", observations=states)
    np.savez(tmp_path / "short.npz", observations=states, episode=[0, 0, 1, 1], returns=[1.0])
    np.savez(tmp_path / "nan.npz", observations=states, rewards=[0, 1, np.nan, 1])
    (tmp_path / "text.npz").write_text("x")
    for name, message in (
        ("none", "rewards or returns"),
        ("short", "1 returns"),
        ("nan", "not numbers"),
        ("text", "no array file"),
    ):
        with pytest.raises(InputError, match=message):
            read_rollouts(RecordFile(str(tmp_path / f"{name}.npz")))


def test_baselines_prefer_what_was_shown() -> None:
    generator = np.random.default_rng(0)
    shown = [Trajectory(generator.normal(size=(300, 3)) * [1, 10, 0.1])]
    asked = [shown[0], Trajectory(shown[0].observations + np.float32(2) * shown[0].observations.std(axis=0))]
    for baseline in (nearness, mahalanobis):
        near, far = baseline(shown, asked)
        assert near > far
    assert nearness(shown, shown)[0] == pytest.approx(0)
    assert mahalanobis(shown, shown)[0] == pytest.approx(-3, abs=0.1)
