"""The planar model, its flaws, and the ground on which repairs of them are tried."""

from __future__ import annotations

from functools import cache

from iirl_core.audit import Finding, audit_chunk
from iirl_core.config.governance import TrialSection
from iirl_core.norm import Norm
from iirl_core.patch.propose import Flaws, flaws_of
from iirl_core.probe import material_of
from iirl_core.repair import Ground, ground_of
from tests.iirl_core.probe.samples import off_arc, planar, seed


@cache
def found() -> tuple[Finding, ...]:
    """What an audit finds off the arc."""
    model, _, train = planar()
    return audit_chunk(model, [off_arc()], seed("uniform"), 400, material_of(model, [off_arc()], train)).findings


def flaws() -> Flaws:
    return flaws_of(planar()[0], found(), [off_arc()])[0]


def ground(*others: Norm, held_out: tuple[str, ...] = (), **changes: int) -> Ground:
    """With ``others`` beside the norm that the flaws break."""
    model, _, train = planar()
    norms = (off_arc(), *others)
    material = material_of(model, norms, train)
    section = TrialSection(**changes)
    return ground_of(model, found(), norms, material=material, seed=seed("trial"), section=section, held_out=held_out)
