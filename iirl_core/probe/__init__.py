"""The red team: probe families by name. Add a family by adding a file and a line here."""

from iirl_core.probe.answer_reward import AnswerReward as AnswerReward
from iirl_core.probe.conversation import EDITED, PICKED, SEARCHED, Careless, Empty, Mismatch, Pairs, Scan
from iirl_core.probe.former import Former
from iirl_core.probe.gathering import material_of as material_of
from iirl_core.probe.material import Material as Material
from iirl_core.probe.observed import Observed
from iirl_core.probe.point_reward import PointReward as PointReward
from iirl_core.probe.probe import ChunkSeed as ChunkSeed
from iirl_core.probe.probe import Probe as Probe
from iirl_core.probe.protocol import FamilyKind as FamilyKind
from iirl_core.probe.protocol import ProbeFamily as ProbeFamily
from iirl_core.probe.trajectory import (
    Ascent,
    Boundary,
    Correlated,
    Evolution,
    Excursion,
    Far,
    Perturbed,
    Policy,
    Retimed,
    Uniform,
)

_FAMILIES: list[ProbeFamily] = [Uniform(), Far(), Perturbed(), Boundary(), Ascent()]
_FAMILIES += [Excursion(), Correlated(), Retimed(), Evolution(), Policy()]
_FAMILIES += [*EDITED, *SEARCHED, *PICKED]
_FAMILIES += [Mismatch(), Empty(), Careless(), Pairs(), Scan(), Observed(), Former()]

FAMILIES: dict[str, ProbeFamily] = {family.name: family for family in _FAMILIES}
