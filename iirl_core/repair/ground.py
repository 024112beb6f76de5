"""The ground on which all repairs of one round are tried: what they claim to mend, what lies around it, and what else
the norms speak of. Asked of the unrepaired model once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iirl_core.audit.finding import Finding
from iirl_core.config.governance import TrialSection
from iirl_core.norm.norm import Norm
from iirl_core.patch.corpus import CORPUS_FAMILIES, PAIR_FAMILIES
from iirl_core.probe import FAMILIES, AnswerReward, ChunkSeed, Material, PointReward, Probe
from iirl_core.probe.adaptive import POLICY_FAMILIES
from iirl_core.repair.around import around
from iirl_core.repair.asked import Asked
from iirl_core.repair.teaching import Drawn, drawn_of
from iirl_core.reward_model import RewardModel

NOT_FRESH = ("former", "ascent", "evolution", "climb", "evolve", "scan", *POLICY_FAMILIES)
"""Families that are no sample of anything: what was found before, searches of the unrepaired reward (training a policy
on it is one, picking among a language model's answers another), and what a policy gave: a choice by that would be
policy-adaptive. Held out of repair, they are not asked either.
"""


@dataclass(frozen=True, eq=False)
class Ground:
    """``findings`` asks the F findings again, ``flaws[F]`` being their ids; ``around`` asks about their neighbours, of
    which ``owners`` names the finding that each belongs to; ``fresh`` are probes of the norms' families. ``flawed``
    and ``faulty`` say of which neighbours and fresh questions the unrepaired model, ``parent``, breaks the norm.
    ``held_out`` are fresh probes of families that are held out of repair, but for those that are ``NOT_FRESH``,
    ``doubtful`` where the model breaks it there.
    ``drawn`` are other questions of the norms' families and other neighbours, for repairs that learn from questions.
    """

    parent: RewardModel
    norms: tuple[Norm, ...]
    findings: Asked
    flaws: tuple[str, ...]
    around: Asked
    owners: tuple[str, ...]
    flawed: NDArray[np.bool_]
    fresh: Asked
    faulty: NDArray[np.bool_]
    held_out: Asked
    doubtful: NDArray[np.bool_]
    drawn: tuple[Drawn, ...] = ()


def ground_of(
    parent: RewardModel,
    findings: Sequence[Finding],
    norms: Sequence[Norm],
    *,
    material: Material,
    seed: ChunkSeed,
    section: TrialSection,
    held_out: Collection[str] = (),
    teaching: bool = False,
) -> Ground:
    """``findings`` are the flaws that may be mended; families that are ``held_out`` of repair are asked apart;
    ``teaching``: a repair learns from questions, which are drawn apart from those that it is tried by, of
    demonstrations and around the findings, and by no edit that a family held out makes: what a repair cites says what
    else it learnt from. Pure: ``seed`` (its family and chunk do not matter) decides all that is drawn.

    Raises:
        ConfigError, InputError: the material does not fit the families that the norms name.
    """
    norms = tuple(norms)
    again = [Probe(one.inputs, one.family, one.id, one.note, one.norm, one.source) for one in findings]
    known = {norm.id for norm in norms}
    asked, mendable = Asked.of(parent.encoder, again, norms), [one for one in findings if one.norm in known]
    near, owners = _near(mendable, material, seed, section)
    neighbours = Asked.of(parent.encoder, near, norms)
    named = dict.fromkeys(family for norm in norms for family in norm.families if family not in held_out)
    tried, taught, apart = (replace(seed, chunk=number) for number in range(3))
    fresh = Asked.of(parent.encoder, list(_fresh([*named], material, tried, section.elsewhere, parent)), norms)
    kept = dict.fromkeys(family for norm in norms for family in norm.families if family in held_out)
    others = Asked.of(parent.encoder, list(_fresh([*kept], material, apart, section.elsewhere, parent)), norms)
    taught_by: list[tuple[Probe, str]] = []
    if teaching:
        shown = [name for name in named if name not in (*CORPUS_FAMILIES, *PAIR_FAMILIES)]
        taught_by += [(probe, "") for probe in _fresh(shown, material, taught, section.elsewhere, parent)]
        beside = replace(seed, digest=f"{seed.digest} taught")
        taught_by += zip(*_near(mendable, material, beside, section, held_out), strict=True)
    return Ground(
        parent=parent,
        norms=norms,
        findings=asked,
        flaws=tuple(again[index].label for index, _ in asked.questions),
        around=neighbours,
        owners=tuple(owners),
        flawed=neighbours.broken(parent, norms),
        fresh=fresh,
        faulty=fresh.broken(parent, norms),
        held_out=others,
        doubtful=others.broken(parent, norms),
        drawn=tuple(drawn_of(taught_by, parent, norms, trial=(neighbours, fresh, others))) if teaching else (),
    )


def _near(
    findings: Sequence[Finding],
    material: Material,
    seed: ChunkSeed,
    section: TrialSection,
    without: Collection[str] = (),
) -> tuple[list[Probe], list[str]]:
    """Neighbours, and whose: around at most ``section.findings``, evenly over their order, the worst first; none by
    edits of the families ``without``.
    """
    near: list[Probe] = []
    owners: list[str] = []
    for place in np.linspace(0, len(findings) - 1, min(len(findings), section.findings)).astype(int).tolist():
        one = findings[place]
        made = around(one, replace(seed, family=one.origin, chunk=place), section.neighbours, material, without)
        near += made
        owners += [one.id] * len(made)
    return near, owners


def _fresh(
    named: Sequence[str], material: Material, seed: ChunkSeed, count: int, parent: RewardModel
) -> Iterator[Probe]:
    """``count`` probes in all, of every family of these that draws at random."""
    families = [FAMILIES[name] for name in named if name in FAMILIES and name not in NOT_FRESH]
    conversations = parent.encoder.kind == "conversation"
    material = material.searched_by(AnswerReward(parent) if conversations else PointReward(parent))
    for family in families:
        if family.kind in (parent.encoder.kind, "any"):
            yield from family.probes(replace(seed, family=family.name), count // len(families), material)
