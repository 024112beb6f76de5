"""The wheel in this process: audit, call every finding a flaw, repair, again. What ``iirl flywheel`` does with Ray, a
store and signatures, for benchmarks that turn it on rewards of their own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from iirl_core.audit import Finding, audit_chunk
from iirl_core.audit.chunk import worst_first
from iirl_core.config.governance import PatchSection
from iirl_core.norm import Norm
from iirl_core.patch.known_good import KnownGood
from iirl_core.probe import ChunkSeed, Material, Probe
from iirl_core.repair import choose, ground_of
from iirl_core.reward_model import RewardModel

CHUNK = 5000
PATCH = PatchSection(kinds=["kernels", "projection", "sculpting", "editing"])
"""All kinds of repair."""
KEPT = 20_000
"""Findings that a round repairs, the worst first: as ``audit.keep_findings``."""


@dataclass(frozen=True)
class Wheel:
    """What is asked: ``probes`` a round by family; families that are ``held_out`` can only speak against a
    repair, and searches among them (``NOT_FRESH``) not even that.
    """

    norms: tuple[Norm, ...]
    material: Material
    guard: KnownGood
    probes: Mapping[str, int]
    section: PatchSection = PATCH
    held_out: Collection[str] = ()
    name: str = "wheel"


@dataclass(frozen=True, eq=False)
class Turned:
    """The last child, and how many findings each round had; the last has none where the wheel came to its end."""

    model: RewardModel
    findings: tuple[int, ...]

    @property
    def counted(self) -> str:
        """The findings in words."""
        return "findings: " + ", ".join(f"{count:,}" for count in self.findings)


def scaled(probes: Mapping[str, int], scale: float) -> dict[str, int]:
    """So many times the budget, each family asked once at least."""
    return {family: max(1, int(scale * count)) for family, count in probes.items()}


def turn(root: RewardModel, wheel: Wheel, rounds: int) -> Turned:
    """At most ``rounds`` audits, each repaired but the last. Pure. It ends where nothing is found or nothing helps."""
    model, former, counts = root, list[Probe](), list[int]()
    for number in range(1, rounds + 1):
        found = audited(model, wheel, number, former)
        counts.append(len(found))
        print(f"  {wheel.name}, round {number}: {len(found)} findings, {model.repairs}", flush=True)
        if not found:
            break
        known = {(one.norm, one.label) for one in former}
        former += [
            Probe(one.inputs, one.family, one.label, one.note, one.norm, one.source)
            for one in found
            if (one.norm, one.label) not in known
        ]
        child = repaired(model, found, wheel, number)
        if len(child.repairs) == len(model.repairs):
            break
        model = child
    return Turned(model, tuple(counts))


def audited(model: RewardModel, wheel: Wheel, number: int, former: Sequence[Probe]) -> list[Finding]:
    """The worst findings of one round: of every family, and of what broke a norm before."""
    material, found = replace(wheel.material, former=tuple(former)), list[Finding]()
    for family, count in {**wheel.probes, "former": len(former)}.items():
        for chunk, start in enumerate(range(0, count, CHUNK)):
            size = CHUNK if family == "former" else min(CHUNK, count - start)
            seed = ChunkSeed(wheel.name, number, family, chunk)
            found += audit_chunk(model, wheel.norms, seed, size, material).findings
    return list(worst_first(found))[:KEPT]


def repaired(model: RewardModel, found: Sequence[Finding], wheel: Wheel, number: int) -> RewardModel:
    """The child of one round: what ``iirl patch`` would seal."""
    ground = ground_of(
        model,
        found,
        wheel.norms,
        material=wheel.material,
        seed=ChunkSeed(f"trial of {wheel.name}", number, "", 0),
        section=wheel.section.trial,
        held_out=wheel.held_out,
        teaching="editing" in wheel.section.kinds,
    )
    plan = choose(found, ground, wheel.guard, wheel.section, number)
    for offer in plan.considered:
        word = "chosen" if offer in plan.chosen else "tried"
        print(f"    {wheel.name}, {word}: {offer.kind}, {offer.repairs}: {offer.trial}")
    return model.with_repairs(model.repairs.joined(plan.repairs))
