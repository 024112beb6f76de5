from __future__ import annotations

import numpy as np

from iirl_core.audit import Finding
from iirl_core.canonical import digest_bytes
from iirl_core.demonstration import Conversation, Trajectory, conversation
from iirl_core.probe import Material
from iirl_core.repair.around import SIGMAS, around
from tests.iirl_core.artifact.samples import walks
from tests.iirl_core.probe.samples import planar, planar_material, seed
from tests.iirl_core.repair.samples import found

SHOWN = conversation("When are you open?", "From eight to six. Come by at noon. Bring your papers, please.")


def answered(family: str, *inputs: Conversation) -> Finding:
    return Finding(digest_bytes(b""), 1, "n", True, 3, family, f"{family}/1.0.0", "", inputs, (0.9,), 0.5)


def test_points_move_a_little_in_every_dimension() -> None:
    finding, material = found()[0], planar_material()
    (point,) = finding.offender.observations  # type: ignore[union-attr]
    made = around(finding, seed("uniform"), 8, material)
    assert {probe.norm for probe in made} == {finding.norm}
    moves = [np.asarray(probe.inputs[0].observations[0] - point) for probe in made]  # type: ignore[union-attr]
    away = np.abs(np.array(moves)) / planar_material().scale
    assert (away > 0).all()
    assert away.max() < 5 * max(SIGMAS)


def test_actions_move_where_the_encoder_reads_them() -> None:
    (walk,) = walks(1, seed=3)
    assert isinstance(walk, Trajectory)
    finding = Finding(digest_bytes(b""), 1, "n", True, 3, "far", "far/1.0.0", "", (walk,), (0.9,), 0.5)
    for rows, moves in (("state-actions", True), ("states", False)):
        material = Material((walk,), rows=rows)  # type: ignore[arg-type]
        (probe,) = around(finding, seed("far"), 1, material)
        (moved,) = probe.inputs
        assert isinstance(moved, Trajectory)
        assert len(moved) == len(walk)
        assert np.array_equal(moved.actions, walk.actions) is not moves  # type: ignore[arg-type]
        assert (moved.observations != walk.observations).all()


def test_an_edit_is_made_again_and_the_offender_edited_slightly() -> None:
    edited = SHOWN.with_answer("OF COURSE! " + SHOWN.answer)
    made = around(answered("padding", SHOWN, edited), seed("padding"), 8, Material((SHOWN,)))
    assert len(made) > 4
    assert len({probe.inputs for probe in made}) == len(made)
    assert all(probe.inputs[0] == SHOWN for probe in made)
    assert (SHOWN, edited) not in [probe.inputs for probe in made]
    assert any("OF COURSE" not in probe.inputs[1].answer.upper() for probe in made)  # type: ignore[union-attr]
    assert any("of course" in probe.inputs[1].answer.lower() for probe in made)  # type: ignore[union-attr]


def test_around_one_input_lie_single_inputs_and_around_nothing_nothing() -> None:
    made = around(answered("careless", SHOWN), seed("careless"), 5, Material((SHOWN,)))
    assert made
    assert all(len(probe.inputs) == 1 and probe.inputs[0] != SHOWN for probe in made)
    assert around(answered("empty", SHOWN.with_answer("")), seed("empty"), 5, Material((SHOWN,))) == []


def test_a_point_is_asked_about_by_a_model_of_points() -> None:
    model, _, _ = planar()
    made = around(found()[0], seed("uniform"), 3, planar_material())
    assert len(model.encoder.encode([probe.inputs[0] for probe in made]).z) == 3
