from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from iirl_core.config.encoding import TrajectoryEncoderSection
from iirl_core.config.rows import RowKind
from iirl_core.demonstration import Trajectory, conversation
from iirl_core.encoder import fit_encoder
from iirl_core.encoder.trajectory import TrajectoryEncoder
from iirl_core.errors import ArtifactError, ConfigError, InputError


def _walk(steps: int, seed: int, offset: float = 0.0, *, actions: bool = True) -> Trajectory:
    generator = np.random.default_rng(seed)
    states = (generator.normal(size=(steps, 3)) * [1, 10, 0.1] + offset).astype(np.float32)
    return Trajectory(states, generator.normal(size=(steps, 2)).astype(np.float32) if actions else None)


def _section(rows: RowKind) -> TrajectoryEncoderSection:
    return TrajectoryEncoderSection(rows=rows)


def test_rows_of_the_training_demonstrations_are_standard() -> None:
    inputs = [_walk(200, seed, offset=1e3) for seed in range(5)]
    encoder = fit_encoder(_section("state-actions"), iter(inputs))
    z = encoder.encode(inputs).z
    assert encoder.width == 5
    assert torch.allclose(z.mean(dim=0), torch.zeros(5), atol=1e-2)
    assert torch.allclose(z.std(dim=0, correction=0), torch.ones(5), atol=1e-2)


def test_streamed_statistics_equal_those_of_the_whole_table() -> None:
    inputs = [_walk(steps, seed) for seed, steps in enumerate([1, 50, 7])]
    encoder = fit_encoder(_section("states"), iter(inputs))
    table = np.concatenate([walk.observations for walk in inputs]).astype(np.float64)
    assert torch.allclose(encoder.mean, torch.from_numpy(table.mean(axis=0)).float(), atol=1e-5)  # type: ignore[attr-defined]
    assert torch.allclose(encoder.scale, torch.from_numpy(table.std(axis=0)).float(), rtol=1e-5)  # type: ignore[attr-defined]


def test_transitions_end_in_their_own_last_state() -> None:
    walk = _walk(4, 0)
    encoder = fit_encoder(_section("transitions"), [walk])
    rows = encoder.encode([walk]).z * encoder.scale + encoder.mean  # type: ignore[attr-defined]
    states = torch.from_numpy(walk.observations.copy())
    assert encoder.width == 8
    assert torch.allclose(rows[:3, 5:], states[1:], atol=1e-4)
    assert torch.allclose(rows[3, 5:], states[3], atol=1e-4)


def test_changes_repeat_the_last_one_and_need_no_action() -> None:
    walk = _walk(4, 0, actions=False)
    encoder = fit_encoder(_section("changes"), [walk])
    rows = encoder.encode([walk]).z * encoder.scale + encoder.mean  # type: ignore[attr-defined]
    states = torch.from_numpy(walk.observations.copy())
    assert encoder.width == 6
    assert torch.allclose(rows[:, :3], states, atol=1e-4)
    assert torch.allclose(rows[:3, 3:], states.diff(dim=0), atol=1e-4)
    assert torch.allclose(rows[3, 3:], rows[2, 3:], atol=1e-4)
    alone = encoder.encode([Trajectory(walk.observations[:1])]).z * encoder.scale + encoder.mean  # type: ignore[attr-defined]
    assert torch.allclose(alone[0, 3:], torch.zeros(3), atol=1e-4)


def test_a_window_is_a_state_and_those_that_follow_it_and_the_last_one_stays() -> None:
    walk = _walk(4, 0, actions=False)
    encoder = fit_encoder(TrajectoryEncoderSection(rows="windows", window=3), [walk])
    rows = encoder.encode([walk]).z * encoder.scale + encoder.mean  # type: ignore[attr-defined]
    states = torch.from_numpy(walk.observations.copy())
    assert encoder.width == 9
    for row, times in zip(rows, ([0, 1, 2], [1, 2, 3], [2, 3, 3], [3, 3, 3]), strict=True):
        assert torch.allclose(row, states[times].flatten(), atol=1e-3)
    assert encoder.encode([Trajectory(walk.observations[:1])]).lengths == (1,)


@pytest.mark.parametrize(("rows", "window"), [("windows", None), ("states", 2), ("windows", 1)])
def test_windows_say_of_how_many_states_they_are_and_nothing_else_does(rows: RowKind, window: int | None) -> None:
    with pytest.raises(ValidationError, match="window"):
        TrajectoryEncoderSection(rows=rows, window=window)
    fitted = fit_encoder(TrajectoryEncoderSection(rows="windows", window=2), [_walk(9, 0)])
    assert isinstance(fitted, TrajectoryEncoder)
    with pytest.raises(ArtifactError, match="windows of 1 states"):
        dataclasses.replace(fitted, window=1)


def test_what_demonstrations_set_out_to_change_counts_for_more() -> None:
    walks = [_walk(400, seed) for seed in range(3)]
    left = [np.concatenate([walk.observations[:1], walk.observations[1:] + np.float32([8, 0, 0])]) for walk in walks]
    even = fit_encoder(_section("states"), [Trajectory(states) for states in left])
    section = TrajectoryEncoderSection(rows="states", emphasis="departure")
    departed = fit_encoder(section, [Trajectory(states) for states in left])
    weight = even.scale / departed.scale  # type: ignore[attr-defined]
    assert weight.square().mean().item() == pytest.approx(1)
    assert weight[0] > 2 * weight[1:].max()
    whole = torch.cat([departed.encode([Trajectory(states)]).z for states in left])
    assert torch.cdist(whole, whole).square().mean().item() == pytest.approx(2 * 3, rel=0.02)


def test_steps_that_are_lacking_are_counted_where_the_end_is_absorbing() -> None:
    walks = [_walk(3, 0), _walk(5, 1), _walk(9, 2)]
    ended = [Trajectory(walk.observations, terminal=True) for walk in walks]
    section = TrajectoryEncoderSection(rows="states", terminal="absorbing", horizon=5)
    encoder = fit_encoder(section, walks)
    assert encoder.encode([*walks, *ended]).absorbed == (0, 0, 0, 2, 0, 0)
    assert encoder.encode(ended).lengths == (3, 5, 9)
    assert fit_encoder(_section("states"), walks).encode(ended).absorbed == (0, 0, 0)


def test_a_constant_dimension_is_centred_and_not_scaled() -> None:
    states = np.column_stack([np.arange(5), np.full(5, 7.0)]).astype(np.float32)
    encoder = fit_encoder(_section("states"), [Trajectory(states)])
    other = encoder.encode([Trajectory(np.array([[0.0, 7.5]], dtype=np.float32))]).z
    assert other[0, 1] == 0.5
    assert torch.isfinite(other).all()


def test_lengths_say_which_rows_belong_to_which_input() -> None:
    inputs = [_walk(3, 0), _walk(1, 1), _walk(5, 2)]
    encoder = fit_encoder(_section("states"), inputs)
    encoded = encoder.encode(inputs)
    assert encoded.lengths == (3, 1, 5)
    assert encoded.tokens == (None, None, None)
    assert torch.equal(encoded.z[3:4], encoder.encode([inputs[1]]).z)
    assert encoder.encode([]).z.shape == (0, 3)


def test_the_largest_finite_observation_gives_a_finite_row() -> None:
    encoder = fit_encoder(_section("states"), [_walk(9, 0)])
    huge = np.full((1, 3), np.finfo(np.float32).max, dtype=np.float32)
    assert torch.isfinite(encoder.encode([Trajectory(huge)]).z).all()


def test_what_does_not_fit_is_refused() -> None:
    encoder = fit_encoder(_section("state-actions"), [_walk(9, 0)])
    with pytest.raises(InputError, match="conversation"):
        encoder.encode([conversation("a", "b")])
    with pytest.raises(InputError, match="without actions"):
        encoder.encode([_walk(9, 0, actions=False)])
    with pytest.raises(InputError, match="1 observation"):
        encoder.encode([Trajectory(np.zeros((2, 1), dtype=np.float32), np.zeros((2, 2), dtype=np.float32))])
    with pytest.raises(InputError, match="one shape"):
        fit_encoder(_section("states"), [_walk(9, 0), Trajectory(np.zeros((2, 1), dtype=np.float32))])
    with pytest.raises(ConfigError, match="no demonstration"):
        fit_encoder(_section("states"), [])
