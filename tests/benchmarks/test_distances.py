from __future__ import annotations

import numpy as np
import pytest

from benchmarks.distances import Effort, Sample, distance_judge, energy, sinkhorn
from iirl_core.config.encoding import TrajectoryEncoderSection
from iirl_core.demonstration import Trajectory
from iirl_core.encoder import fit_encoder
from iirl_core.optimiser.ars import Episode


def sample(centre: float, count: int = 40, seed: int = 0) -> Sample:
    rows = np.random.default_rng(seed).normal(centre, 1, (count, 3))
    return rows, np.full(count, 1 / count)


def apart(effort: Effort, one: Sample, other: Sample) -> float:
    return effort(one, other, 6.0) - (effort(one, one, 6.0) + effort(other, other, 6.0)) / 2


def test_half_the_energy_distance_is_worked_by_hand() -> None:
    one = np.array([[0.0], [2.0]]), np.array([0.75, 0.25])
    other = np.array([[1.0]]), np.array([1.0])
    assert apart(energy, one, other) == pytest.approx(1 - 0.75 * 0.25 * 2)
    assert apart(energy, one, one) == pytest.approx(0)


def test_sinkhorn_of_distant_samples_is_nearly_the_squared_distance_of_their_means() -> None:
    here, shifted = sample(0.0), sample(5.0)
    assert apart(sinkhorn, here, here) == pytest.approx(0, abs=1e-6)
    assert apart(sinkhorn, shifted, here) == pytest.approx(3 * 25, rel=0.02)


def test_a_judge_prefers_what_is_nearer_and_charges_an_early_end() -> None:
    generator = np.random.default_rng(0)
    rise = np.linspace(0, 3, 200)[:, None]
    shown = [Trajectory((generator.normal(size=(200, 4)) + rise).astype(np.float32)) for _ in range(2)]
    section = TrajectoryEncoderSection(emphasis="departure", terminal="absorbing", horizon=200)
    encoder = fit_encoder(section, shown)
    judge = distance_judge(encoder, shown, energy)

    def episode(centre: float, length: int, *, terminal: bool) -> Episode:
        states = generator.normal(size=(length, 4)) + centre * rise[:length] / 1.5
        return Episode(states, np.zeros((length, 1)), np.zeros(length), terminal)

    near, far = episode(1.5, 200, terminal=False), episode(0.0, 200, terminal=False)
    cut, ended = episode(1.5, 150, terminal=False), episode(1.5, 150, terminal=True)
    said = judge([near, far, cut, ended])
    assert (said <= 1e-9).all()
    assert said[0] > said[1]
    assert said[2] > said[3]
