"""What an audit says of a reward, and whether it told the bias that was planted in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.planted import Bias
from benchmarks.planted_rewards import Corpora
from iirl_core.audit import ChunkResult, FamilyResult, Finding, audit_chunk, verified
from iirl_core.canonical import digest_bytes
from iirl_core.config import Config
from iirl_core.demonstration import conversation_of
from iirl_core.norm import norms_of
from iirl_core.probe import ChunkSeed, material_of
from iirl_core.reward_model import RewardModel


@dataclass(frozen=True)
class Audited:
    """What the audit said of one reward; of a planted one, ``told`` is the (family, norm) that found its bias."""

    results: tuple[FamilyResult, ...]
    alarms: tuple[FamilyResult, ...]
    told: FamilyResult | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Holder:
    """A model as the verifier wants it."""

    model: RewardModel


def audited(config: Config, model: RewardModel, data: Corpora, name: str, bias: Bias | None = None) -> Audited:
    """One round of every family; ``name`` stands for the digest that seeds it."""
    norms = norms_of(config)
    material = material_of(model, norms, data.shown, data.probes)
    parts = []
    for family, count in config.audit.probes.items():
        seed = ChunkSeed(digest_bytes(name.encode()), 1, family, 0, config.seed)
        parts.append(verified(audit_chunk(model, norms, seed, count, material), Holder(model), norms))
    merged = ChunkResult.merge(parts, None, config.audit.coverage_points)
    limits = {norm.id: norm.limit for norm in norms}
    alarms = tuple(one for one in merged.families if one.spoken and one.upper > limits[one.norm])
    told = next((one for one in alarms if bias is not None and tells(merged.findings, one, bias)), None)
    worst = [finding.note for finding in merged.findings if told and finding.family == told.family]
    return Audited(merged.families, alarms, told, tuple(note for note, _ in Counter(worst).most_common(3)))


def tells(findings: Sequence[Finding], result: FamilyResult, bias: Bias) -> bool:
    """Whether at least half of what was found differs in the bias."""
    its = [one for one in findings if (one.family, one.norm) == (result.family, result.norm)]
    differ = [len({bias.holds(conversation_of(item)) for item in one.inputs}) > 1 for one in its]
    return bool(its) and sum(differ) >= len(its) / 2
