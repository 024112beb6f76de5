"""Asking a round's questions: the open ones, then waves that the blue team steers, each by what came before it.

Every wave is a plan of its own, with parts of its own; as each follows from the parts before it, a round that was
interrupted comes to the same choices again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import ray

from iirl_core.audit import Choice, ChunkResult, steer, twinned
from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.errors import ConfigError, InputError
from iirl_core.norm import Norm
from iirl_core.probe import Material
from iirl_core.probe.adaptive import OBSERVED, UNSTEERED
from iirl_core.probe.situations import UNKNOWN
from iirl_core.store import Store
from jobs.audit.fanning import audit_chunks
from jobs.audit.parts import Parts
from jobs.audit.placing import placed
from jobs.audit.plan import FORMER, WAVES, chunks_of, granules_of, plan_of, steered_chunks
from jobs.audit.scorers import ScorerPool
from jobs.console import Progress
from jobs.scorer import Chunk


@dataclass(frozen=True)
class Asking:
    """One round about ``digest``: who asks what, of what, and where it is kept."""

    store: Store
    scorers: ScorerPool
    config: Config
    digest: Digest
    round: int
    norms: tuple[Norm, ...]
    material: Material

    def parts(self, chunks: tuple[Chunk, ...]) -> Parts:
        """Of one wave."""
        points = self.config.audit.coverage_points
        plan = plan_of(chunks, self.norms, self.material, points)
        return Parts(self.store, self.digest, self.round, plan, chunks, points)

    def assign(self) -> ray.ObjectRef:
        """What scorers are told along with every question."""
        remote = self.config.trusts_remote_code
        return self.scorers.assign(self.digest, self.norms, self.material, trust_remote_code=remote)

    def placed(self) -> Asking:
        """With the demonstrations' situations."""
        known = placed(self.scorers, self.assign(), self.material)
        return replace(self, material=replace(self.material, placed=known))

    @property
    def arms(self) -> list[tuple[str, int]]:
        """What the blue team chooses among: families that are not held out and start from demonstrations, situations
        that demonstrations lie in.
        """
        held_out = (*self.config.audit.held_out, *UNSTEERED)
        known = sorted({int(number) for numbers in self.material.placed for number in numbers} - {UNKNOWN})
        return list(product([name for name in self.config.audit.probes if name not in held_out], known))


@dataclass(frozen=True, eq=False)
class RoundResult:
    """All chunks of a round together, the files of its parts, and what the blue team chose."""

    merged: ChunkResult
    files: tuple[tuple[str, Digest], ...]
    choices: tuple[Choice, ...]


def ask_round(asking: Asking, progress: Progress, *, resume: bool = False) -> RoundResult:
    """Memory holds a few parts and the kept findings, never all.

    Raises:
        ConfigError: there is nothing to ``resume``.
        InputError: nothing is asked, or no family had anything to ask.
    """
    config = asking.config
    first = asking.parts(tuple(chunks_of(config, asking.digest, asking.round, len(asking.material.former))))
    if resume and not first.there():
        told = f"round {asking.round} of {asking.digest[:19]}"
        raise ConfigError(f"--resume: {told} has no parts of such an audit", "one that was interrupted")
    if not first.chunks:
        raise InputError("an audit that asks nothing", "audit.probes with a budget above 0")
    merged, files = _wave(asking, first, asking.assign(), None, progress)
    choices: list[Choice] = []
    if any(granules := granules_of(config.audit)):
        asking = asking.placed()
        steered, seed = asking.assign(), f"{asking.digest}/{asking.round}/{config.seed}"
        for wave in range(1, WAVES + 1):
            choices += steer(merged.cells, asking.arms, granules[wave - 1], wave=wave, seed=seed)
            chunks = tuple(steered_chunks(config, asking.digest, asking.round, choices, wave))
            merged, more = _wave(asking, asking.parts(chunks), steered, merged, progress)
            files |= more
    check_asked(merged)
    findings = twinned(merged.findings, asking.material.rows, asking.material.window)
    return RoundResult(replace(merged, findings=findings), tuple(sorted(files.items())), tuple(choices))


def check_asked(merged: ChunkResult) -> None:
    """Refuse an audit that would say nothing. One in which nothing has a place says what it judged.

    Raises:
        InputError: no family had anything to ask, or no norm spoke of anything and none names a family that draws.
    """
    if merged.asked == 0:
        raise InputError("an audit whose families had nothing to ask", "a probe corpus, or other families")
    if merged.unplaced or any(result.spoken for result in merged.families):
        return
    drawn = any(result.asked for result in merged.families if result.family not in (OBSERVED, FORMER))
    if not drawn:  # where a family draws, the verdict says that no probe of it lay where its norm speaks
        raise InputError(
            f"an audit that asked {merged.asked} inputs, of which no norm speaks",
            "norms that speak of some, or families that norms name",
        )


def _wave(
    asking: Asking, parts: Parts, assignment: ray.ObjectRef, before: ChunkResult | None, progress: Progress
) -> tuple[ChunkResult, dict[str, Digest]]:
    section, files = asking.config.audit, dict[str, Digest]()
    merged = [] if before is None else [before]
    if done := parts.there():
        progress.say(f"  {len(done)} of {parts.count} parts of this audit are there already")
    with progress.task("audit", sum(chunk.count for chunk in parts.chunks)) as advance:
        for number, digest, part in _results(parts, asking.scorers, assignment):
            files[parts.name(number)] = digest
            merged = [ChunkResult.merge([*merged, part], section.keep_findings, section.coverage_points)]
            advance(part.asked)
    return merged[0], files


def _results(parts: Parts, scorers: ScorerPool, assignment: ray.ObjectRef) -> Iterator[tuple[int, Digest, ChunkResult]]:
    return parts.results(lambda chunks: audit_chunks(scorers, assignment, chunks))
