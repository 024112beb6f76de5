"""The questions of a round, in pieces: pure functions of the configuration, so that anybody can ask again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from math import ceil, floor

from iirl_core.audit import Choice
from iirl_core.audit.part import FORMAT
from iirl_core.canonical import Digest, JsonValue, digest_json
from iirl_core.config import Config
from iirl_core.config.governance import AuditSection
from iirl_core.config.red_team import BEST_OF_N, TEMPTED, TOKEN_SEARCH
from iirl_core.corpus import identity_of
from iirl_core.norm import NUMBER, Norm, norms_digest
from iirl_core.probe import ChunkSeed, Material
from iirl_core.probe.adaptive import OBSERVED, POLICY
from iirl_core.probe.trajectory.policy import EPISODES
from jobs.scorer import Chunk

FORMER = "former"
WAVES = 3
CHOICES = 16
TOGETHER = 16
"""Chunks of a part: what an interruption costs at most, and what a file of an audit holds."""
AT_MOST = {BEST_OF_N: 16, TEMPTED: 16, TOKEN_SEARCH: 4}
"""Probes of a chunk of families that take long over each: answers to so many requests."""


def budgets_of(section: AuditSection) -> dict[str, int]:
    """Probes per round of each family, those that are steered left out: in the shares of ``audit.probes`` (largest
    remainders).
    """
    total, budget = sum(section.probes.values()), _budget(section) - sum(map(sum, granules_of(section)))
    if total == 0:
        return dict(section.probes)
    exact = {family: budget * share / total for family, share in section.probes.items()}
    budgets = {family: floor(share) for family, share in exact.items()}
    left = budget - sum(budgets.values())
    for family in sorted(exact, key=lambda family: (budgets[family] - exact[family], family))[:left]:
        budgets[family] += 1
    return budgets


def chunks_of(config: Config, digest: Digest, round_: int, former: int) -> list[Chunk]:
    """The round's questions, in chunks of at most ``audit.chunk``, smaller ones where each probe takes long."""
    budgets = {**budgets_of(config.audit), **({FORMER: former} if former else {})}
    chunks = []
    for family, budget in budgets.items():
        size = min(config.audit.chunk, _at_most(family, config.audit))
        for number in range(ceil(budget / size)):
            # These are cut by the chunk's number times its size, so every chunk asks for the same.
            count = size if family in (FORMER, OBSERVED) else min(size, budget - number * size)
            seed = ChunkSeed(digest, round_, family, number, config.seed)
            chunks.append(Chunk(seed, count, config.audit.shrunk))
    return chunks


def _at_most(family: str, section: AuditSection) -> int:
    """Probes of a chunk: a training of a policy is one of its own."""
    if family == POLICY and section.optimiser is not None:
        return EPISODES * section.optimiser.pieces
    return AT_MOST.get(family, section.chunk)


def granules_of(section: AuditSection) -> list[list[int]]:
    """By wave, how many probes each choice of the blue team sends: ``CHOICES`` choices or more, if there are enough."""
    total = round(_budget(section) * section.steered)
    waves = [total // WAVES + (wave < total % WAVES) for wave in range(WAVES)]
    return [_granules(probes, min(section.chunk, max(1, probes // CHOICES))) for probes in waves]


def _granules(probes: int, size: int) -> list[int]:
    return [min(size, probes - start) for start in range(0, probes, size)]


def _budget(section: AuditSection) -> int:
    total = sum(section.probes.values())
    return total if section.budget is None or total == 0 else section.budget


def steered_chunks(
    config: Config, digest: Digest, round_: int, choices: Sequence[Choice], wave: int
) -> Iterator[Chunk]:
    """The chunks of one wave; ``choices`` are all up to it. Numbers go on where the family's last chunk was."""
    size = config.audit.chunk
    numbers = Counter({family: ceil(budget / size) for family, budget in budgets_of(config.audit).items()})
    for choice in choices:
        for start in range(0, choice.count, size):
            number = numbers[choice.family]
            numbers[choice.family] += 1
            if choice.wave == wave:
                seed = ChunkSeed(digest, round_, choice.family, number, config.seed, choice.situation)
                yield Chunk(seed, min(size, choice.count - start), config.audit.shrunk)


def plan_of(chunks: Sequence[Chunk], norms: Sequence[Norm], material: Material, coverage_points: int) -> str:
    """16 hexadecimal digits of everything that decides what a round finds: neither who works on it, nor how many."""
    writing = material.writing
    document: dict[str, JsonValue] = {
        "version": version("iirl"),
        "chunks": [[one.seed.label(0), one.seed.seed, one.seed.situation, one.count, one.shrunk] for one in chunks],
        "format": FORMAT,
        "norms": norms_digest((*norms, NUMBER)),
        "demonstrations": [identity_of(item) for item in material.demonstrations],
        "corpus": [identity_of(item) for item in material.corpus],
        "observed": [[identity_of(probe.inputs[0]), probe.note] for probe in material.observed],
        "sources": [*material.sources, *material.corpus_sources],
        "former": [[probe.label, probe.norm] for probe in material.former],
        "training": None if material.training is None else str(material.training),
        "writing": None
        if writing is None
        else [writing.digest, writing.section.model_dump(exclude={"model", "batch"})],
        "situations": len(material.situations or ()),
        "coverage_points": coverage_points,
    }
    return digest_json(document).removeprefix("sha256:")[:16]
