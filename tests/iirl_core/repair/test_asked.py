from __future__ import annotations

import numpy as np

from iirl_core.demonstration import Trajectory
from iirl_core.norm import Norm, NormKind
from iirl_core.probe import Probe
from iirl_core.repair.asked import Asked
from tests.iirl_core.probe.samples import off_arc, planar, walk

FAR, ON = Trajectory([[1.4, -1.4], [1.3, -1.3]]), walk(3)
CALM = Norm("calm", NormKind.INVARIANCE, True, 3, 0.1, 0.05, ("pairs",), "r", "me")


def test_a_probe_asks_about_its_own_norm_or_about_all_that_name_its_family() -> None:
    model, _, _ = planar()
    probes = [Probe((FAR,), "uniform", "a", ""), Probe((ON, FAR), "pairs", "b", ""), Probe((ON,), "x", "c", "", "calm")]
    asked = Asked.of(model.encoder, probes, [off_arc(), CALM])
    assert asked.questions == ((0, 0), (1, 1), (2, 1))


def test_its_rows_are_those_of_all_its_inputs() -> None:
    model, _, _ = planar()
    probes = [Probe((ON,), "uniform", "a", ""), Probe((ON, FAR), "pairs", "b", ""), Probe((FAR,), "uniform", "c", "")]
    asked = Asked.of(model.encoder, probes, [off_arc(), CALM])
    for place, probe in enumerate(probes):
        assert np.array_equal(asked.rows(place), model.encoder.encode(probe.inputs).z)


def test_nothing_asked_is_nothing_broken() -> None:
    model, _, _ = planar()
    assert Asked.of(model.encoder, [], [off_arc()]).broken(model, [off_arc()]).shape == (0,)
