from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import policy_training
from benchmarks.examined import SMOOTHED, Cell, Optimiser, Run, cells, figures_of, notes_of, smoothed
from benchmarks.policy_training import ARS, heard, learnt_by
from benchmarks.teacher_alignment import alignment, reached
from benchmarks.teachers import TEACHERS, demonstrations_of, mixture, occupancy, spoilt, summed, true_return
from cluster.session import Session
from iirl_core.artifact import load_from
from iirl_core.config import load_config
from iirl_core.config.expertness import MixtureSection
from iirl_core.demonstration import Trajectory
from iirl_core.optimiser.ars import Episode, Progress
from iirl_core.probe.trajectory.policy import judge_of, steps_of
from iirl_core.release import resolve
from iirl_core.store import DirectoryStore
from jobs import ingest, train
from jobs.key import new_keys
from tests.jobs.wheel import quiet

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(teacher: str, seed: int, true_return: float) -> Run:
    point = Progress(10, 0.5, true_return, 1000.0)
    told = {"judged": 0.5, "length": 1000.0, "steps": 10, "seconds": 1.0, "date": "", "machine": ""}
    return Run("Hopper", teacher, seed, ARS["Hopper"], true_return, curve=(point,), **told)  # type: ignore[arg-type]


def test_a_learnt_reward_is_set_against_the_median_of_the_true_one() -> None:
    runs = [*(run("true", seed, value) for seed, value in enumerate([900.0, 1000, 3000]))]
    runs += [*(run("occupancy", seed, value) for seed, value in enumerate([850.0, 950, 100]))]
    figures = {each.name: each for each in figures_of(runs)}
    share = figures["ARS, Hopper: occupancy against true"]
    assert share.runs == (0.85, 0.95, 0.1)
    assert (share.value, share.met) == (0.85, False)
    partial = {each.name: each for each in figures_of(runs[:-1])}
    assert partial["ARS, Hopper: occupancy against true"].met is None
    assert figures["ARS, Hopper: taught by true"].value == 1000
    assert "mixture" not in " ".join(figures)


def test_what_was_not_run_is_said() -> None:
    notes = notes_of([run("true", 0, 1.0)])
    assert "ARS, Hopper: bonus 0, occupancy 0, summed 0, mixture 0, true 1, bonus 1, occupancy 1, summed 1" in notes
    assert "ARS, Walker2d: all" in notes
    assert "PPO, Hopper: all" in notes


def test_only_ars_on_a_task_that_pays_for_staying_alive_is_taught_with_and_without_that() -> None:
    without = [cells(["Hopper"], TEACHERS, [0], "ppo"), cells(["HalfCheetah"], TEACHERS, [0])]
    assert all([cell.teacher for cell in some] == [each for each in TEACHERS if each != "bonus"] for some in without)
    assert [cell.teacher for cell in cells(["Hopper"], TEACHERS, [0])] == list(TEACHERS)
    asked = [episode(walk(30, 0)), episode(walk(50, 3), terminal=True)]
    paid, unpaid = (heard(Cell("Hopper", teacher, 0), None)(asked) for teacher in ("bonus", "true"))
    assert (paid - unpaid).tolist() == [30, 50]


def test_a_drawn_curve_is_the_mean_of_its_neighbourhood() -> None:
    assert smoothed([2.0] * 3) == [2.0] * 3
    assert smoothed([0.0] * 20 + [float(SMOOTHED)] + [0.0] * 20)[20 - SMOOTHED // 2 - 1 :][: SMOOTHED + 2] == [
        0.0,
        *[1.0] * SMOOTHED,
        0.0,
    ]


def walk(steps: int, seed: int) -> Trajectory:
    angle = np.arange(steps)[:, None] * 0.4 + np.arange(17) + seed
    noise = np.random.default_rng(seed).normal(0, 0.1, (steps, 17))
    return Trajectory(np.cos(angle) + noise, np.sin(angle[:, :6]))


def episode(item: Trajectory, *, terminal: bool = False) -> Episode:
    states = item.observations.astype(np.float64)
    return Episode(states, np.zeros((len(item), 6)), np.zeros(len(item)), terminal)


def test_a_judge_says_what_the_artifact_would() -> None:
    shown = [walk(400, 0), walk(400, 1)]
    asked = [episode(walk(300, 2)), episode(walk(50, 3), terminal=True)]
    items = [Trajectory(one.observations, one.actions, one.terminal) for one in asked]
    whole = occupancy(shown, seed=0)
    assert judge_of(whole)(asked) == pytest.approx([reading.reward for reading in whole.read(items)], abs=1e-6)
    assert judge_of(whole)(asked)[0] > judge_of(whole)(asked)[1]
    loose = occupancy(shown, seed=0, ends=False)
    lived = [len(item) * reading.reward for item, reading in zip(items, loose.read(items), strict=True)]
    assert summed(loose)(asked) == pytest.approx(lived, abs=1e-3), "an end is charged by the steps that it took"
    each = mixture(shown, seed=0, section=MixtureSection(experts=1, bottleneck=3, hidden=16), epochs=50)
    sums = [sum(reading.step_rewards) for reading in each.read(items)]
    assert judge_of(each)(asked) == pytest.approx(sums, abs=1e-3)


@pytest.mark.parametrize(("optimiser", "charged"), [("ars", True), ("ppo", False)])
def test_who_sums_steps_is_not_charged_for_an_end_a_second_time(
    optimiser: Optimiser, charged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_training, "demonstrations_of", lambda _: [walk(400, 0), walk(400, 1)])
    model = learnt_by(Cell("Hopper", "occupancy", 0, optimiser), Path())
    assert model is not None
    ended, went_on = (steps_of(model)([episode(walk(50, 3), terminal=terminal)])[0] for terminal in (True, False))
    assert bool(np.all(ended < went_on)) == charged
    assert np.allclose(ended, went_on) != charged


def test_a_summed_occupancy_pays_less_for_standing_still(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = [walk(400, 0), walk(400, 1)]
    monkeypatch.setattr(policy_training, "demonstrations_of", lambda _: shown)
    ended = [episode(walk(50, 3), terminal=True)]
    strict = learnt_by(Cell("Hopper", "summed", 0), Path())
    loose = learnt_by(Cell("Hopper", "occupancy", 0, "ppo"), Path())
    assert strict is not None
    assert loose is not None
    heard_of = heard(Cell("Hopper", "summed", 0), strict)(ended)
    assert heard_of == pytest.approx(50 * judge_of(loose)(ended) ** 2, rel=1e-3)
    still = Trajectory(np.repeat(shown[0].observations[:1], 300, axis=0))
    assert 0 < strict.read([still])[0].reward < loose.read([still])[0].reward < 0.5


def test_what_learnt_from_spoilt_copies_sees_the_order_of_steps() -> None:
    model = spoilt([walk(400, 0), walk(400, 1)], seed=0, epochs=10)
    asked = walk(100, 2)
    shuffled = Trajectory(asked.observations[np.random.default_rng(0).permutation(100)])
    right, wrong = model.read([asked, shuffled])
    assert right.reward > wrong.reward + 0.3
    backwards = Trajectory(asked.observations[::-1])
    assert right.reward > model.read([backwards])[0].reward


def test_a_quick_exam_runs_and_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mujoco", reason="the extra bench is not installed")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mujoco").mkdir()
    shown = np.concatenate([walk(300, 0).observations, walk(300, 1).observations])
    np.savez(tmp_path / "mujoco" / "HalfCheetah-v4-expert.npz", observations=shown, episode=np.repeat([0, 1], 300))
    arguments = ["--quick", "--resume", "--data", ".", "--runs", "runs", "--json", "out.json", "--plot", "p.png"]
    monkeypatch.setattr(
        sys, "argv", ["x", *arguments, "--seeds", "0", "--only", "HalfCheetah", "--teachers", "true", "occupancy"]
    )
    policy_training.main()
    made = {file: file.read_bytes() for file in (tmp_path / "runs").iterdir()}
    assert {file.name for file in made} == {"HalfCheetah-true-0.json", "HalfCheetah-occupancy-0.json"}
    written = json.loads((tmp_path / "out.json").read_text())
    assert "ARS, HalfCheetah: occupancy against true" in written["figures"]
    assert (tmp_path / "p.png").stat().st_size > 0
    policy_training.main()
    assert {file: file.read_bytes() for file in (tmp_path / "runs").iterdir()} == made


def test_what_was_reached_is_of_the_last_quarter_of_the_updates() -> None:
    asked = [[Episode(np.zeros((3, 2)), np.zeros((3, 1)), np.full(3, float(n)), False)] for n in range(8)]
    found = reached("Hopper on true", asked)
    assert (found.name, found.runs, found.value) == ("Hopper on true: true return, last updates", (18.0, 21.0), 19.5)


def test_alignment_is_one_where_the_judge_says_the_same() -> None:
    asked = [[Episode(np.zeros((3, 2)), np.zeros((3, 1)), np.full(3, float(n)), False) for n in range(5)]] * 2
    assert alignment(asked, true_return, 0.0).tolist() == pytest.approx([1, 1])
    assert alignment(asked, lambda episodes: -true_return(episodes), 0.0).tolist() == pytest.approx([-1, -1])
    assert alignment(asked, lambda episodes: np.ones(len(episodes)), 0.0).tolist() == [0, 0]


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
def test_the_examined_reward_is_what_a_configuration_trains(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IIRL_DATA", str(data_folder))
    new_keys(tmp_path / "keys")
    own = [f"{key}={tmp_path / key}" for key in ("store", "keys")]
    config = load_config(EXAMPLES / "families" / "occupancy.yaml", own)
    session = Session(DirectoryStore(tmp_path / "store"))
    ingest.run(session, config, quiet())
    train.run(session, config, quiet())
    trained = load_from(session.store, resolve(session.store, config.name))
    examined = occupancy(demonstrations_of(data_folder / "mujoco" / "HalfCheetah-v4-expert.npz"), config.seed)
    rollouts = demonstrations_of(data_folder / "mujoco" / "HalfCheetah-v4-rollouts.npz")
    ours, theirs = ([one.signal for one in each.read(rollouts)] for each in (trained, examined))
    assert ours == pytest.approx(theirs, rel=1e-3)
