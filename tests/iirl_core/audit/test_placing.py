from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from iirl_core.audit import FamilyResult, audit_chunk, decide_verdict
from iirl_core.audit.placing import place
from iirl_core.errors import InputError
from iirl_core.probe import material_of
from tests.iirl_core.artifact.samples import text_draft
from tests.iirl_core.probe.conversation.samples import GOOD
from tests.iirl_core.probe.samples import off_arc, planar, seed


def test_every_step_of_a_trajectory_has_a_situation_and_a_conversation_has_one() -> None:
    model, _, train = planar()
    material = material_of(model, [off_arc()], train)
    placed = place(model, material, [0, 3])
    assert set(placed) == {0, 3}
    assert [len(placed[index]) for index in placed] == [len(train[index]) for index in placed]
    assert set(np.concatenate(list(placed.values()))) <= set(range(8))
    draft = text_draft()
    assert [len(one) for one in place(draft.model, material_of(draft.model, [], GOOD), [0, 1]).values()] == [1, 1]


def test_steered_probes_are_made_from_demonstrations_of_their_situation_alone() -> None:
    model, _, train = planar()
    norms = [replace(off_arc(), families=("perturbed",))]
    bare = material_of(model, norms, train)
    placed = place(model, bare, range(len(bare.demonstrations)))
    material = replace(bare, placed=tuple(placed.values()))
    inside = material.within(2)
    assert 0 < len(inside.starts) < len(material.starts)
    assert np.array_equal(inside.points, material.points)
    assert np.array_equal(inside.scale, material.scale)
    steered = audit_chunk(model, norms, replace(seed("perturbed"), situation=2), 300, material)
    everywhere = audit_chunk(model, norms, seed("perturbed"), 300, material)
    assert {one.steered for one in steered.families} == {True}
    near = [example.situation for example in steered.examples]
    assert len(near) < len(everywhere.examples)
    assert 2 in near


@pytest.mark.parametrize("family", ["far", "excursion", "boundary", "uniform", "correlated", "retimed", "evolution"])
def test_every_family_can_be_steered(family: str) -> None:
    model, _, train = planar()
    bare = material_of(model, [off_arc()], train)
    material = replace(bare, placed=tuple(place(model, bare, range(len(bare.demonstrations))).values()))
    result = audit_chunk(model, [off_arc()], replace(seed(family), situation=1), 40, material)
    assert 0 < result.asked <= 40


def test_a_situation_without_demonstrations_is_refused() -> None:
    model, _, train = planar()
    with pytest.raises(InputError, match="situation 3 without demonstrations"):
        material_of(model, [off_arc()], train).within(3)


def test_no_flaw_rate_is_read_off_steered_probes_but_their_findings_count() -> None:
    norm = replace(off_arc(), families=("far",), limit=0.01, hard=False)
    results = [FamilyResult("far", norm.id, 1000, 1000, 0), FamilyResult("far", norm.id, 100, 100, 90, steered=True)]
    assert decide_verdict([norm], results, open_hard=0).passed
    assert not decide_verdict([norm], results, open_hard=90).passed
