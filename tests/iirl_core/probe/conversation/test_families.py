from __future__ import annotations

import pytest

from iirl_core.demonstration import Trajectory
from iirl_core.errors import InputError
from iirl_core.probe import FAMILIES, Material
from iirl_core.probe.conversation import EDITED
from tests.iirl_core.probe.conversation.samples import GOOD, SOURCES, material, seed

DEMONSTRATED = ("empty", "mismatch", *(family.name for family in EDITED))
NAMES = ("careless", *DEMONSTRATED)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_asks_the_same(name: str) -> None:
    family = FAMILIES[name]
    assert family.probes(seed(name), 20, material()) == family.probes(seed(name), 20, material())


@pytest.mark.parametrize("name", NAMES)
def test_another_round_or_chunk_asks_something_else(name: str) -> None:
    family = FAMILIES[name]
    here = [probe.inputs for probe in family.probes(seed(name), 20, material())]
    assert here != [probe.inputs for probe in family.probes(seed(name, round_=2), 20, material())]
    assert here != [probe.inputs for probe in family.probes(seed(name, chunk=1), 20, material())]


@pytest.mark.parametrize("name", NAMES)
def test_as_many_as_asked_each_under_its_own_label(name: str) -> None:
    probes = FAMILIES[name].probes(seed(name), 50, material())
    assert len(probes) == len({probe.label for probe in probes}) == 50
    assert {probe.family for probe in probes} == {name}


@pytest.mark.parametrize("name", DEMONSTRATED)
def test_every_demonstration_has_its_turn(name: str) -> None:
    probes = FAMILIES[name].probes(seed(name), len(GOOD), material())
    assert {probe.inputs[0].context for probe in probes} == {item.context for item in GOOD}  # type: ignore[union-attr]


@pytest.mark.parametrize("name", DEMONSTRATED)
def test_trajectories_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="conversations"):
        FAMILIES[name].probes(seed(name), 4, Material((Trajectory([[0.0, 1.0]]),)))


def test_sources_are_those_of_the_demonstrations_or_none() -> None:
    with pytest.raises(InputError, match="11 sources for 12 records"):
        Material(GOOD, sources=SOURCES[1:])
