from __future__ import annotations

import numpy as np
import pytest

from benchmarks.locomotion import TASKS, Task, TaskName, Worlds

pytest.importorskip("mujoco", reason="the extra bench is not installed")


@pytest.mark.parametrize("name", list(TASKS))
def test_a_task_is_gymnasiums(name: TaskName, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.chdir(str(tmp_path))  # MuJoCo writes its log where it is
    import gymnasium

    gymnasium.logger.min_level = gymnasium.logger.ERROR
    task: Task = TASKS[name]
    worlds, theirs = Worlds(task, 2), gymnasium.make(task.name).unwrapped
    generator = np.random.default_rng(0)
    first = worlds.reset(generator)
    theirs.reset(seed=0)
    theirs.set_state(worlds.copies[1].qpos.copy(), worlds.copies[1].qvel.copy())  # type: ignore[attr-defined]
    assert np.array_equal(first[1], theirs._get_obs())  # type: ignore[attr-defined]
    ended = False
    for _ in range(60):
        action = generator.normal(size=(1, worlds.actions))
        observed, reward, done = worlds.step([1], action)
        other, other_reward, ended, _, _ = theirs.step(action[0])
        assert np.array_equal(observed[0], other)
        assert reward[0] == pytest.approx(other_reward)
        assert bool(done[0]) == ended
        if ended:
            break
    assert ended == task.ends
    assert worlds.observations == theirs.observation_space.shape[0]  # type: ignore[index]


@pytest.mark.parametrize("name", list(TASKS))
def test_resets_are_as_wide_as_gymnasiums(name: TaskName) -> None:
    worlds = Worlds(TASKS[name], 200)
    first = worlds.reset(np.random.default_rng(1))
    assert np.array_equal(first, worlds.reset(np.random.default_rng(1)))
    half = worlds.model.nq - 1
    assert np.abs(first[:, 1:half] - first[:, 1:half].mean(axis=0)).max() == pytest.approx(TASKS[name].noise, rel=0.1)
    spread = 1 if TASKS[name].gaussian else 3**-0.5
    assert first[:, half:].std() == pytest.approx(TASKS[name].noise * spread, rel=0.1)
