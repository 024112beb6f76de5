"""Persistent scorers: actors that hold a RewardModel and audit one chunk of probes at a time.

Ray Data fans chunks out over them (``fanning.py``). They outlive a round: an actor costs seconds to start (torch, an
encoder), and a wheel turns many rounds. A chunk is a pure function of its seed, so which scorer takes it, and how many
there are, changes nothing in what is found.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from types import TracebackType

import ray

from cluster.resources import plan_scorers
from cluster.session import Session
from cluster.store import open_store
from iirl_core.artifact import Artifact, load_from
from iirl_core.audit import Finding, audit_chunk, verify
from iirl_core.canonical import Digest
from iirl_core.config.governance import AuditSection
from iirl_core.norm import Norm
from iirl_core.probe import ChunkSeed, Material


@dataclass(frozen=True)
class Chunk:
    """``count`` probes of one family."""

    seed: ChunkSeed
    count: int


@dataclass(frozen=True)
class Assignment:
    """What is audited now, sent along with every chunk, so that a scorer that was restarted on another node finds its
    way back by itself. ``held`` refers to (norms, material) in the object store: a scorer fetches them once.
    """

    digest: Digest
    held: ray.ObjectRef
    trust_remote_code: bool


class Scorer:
    """One actor: an artifact, the norms, and what probes are made from."""

    def __init__(self, store_url: str, threads: int) -> None:
        import torch  # in the actor's own process, where the thread count belongs

        torch.set_num_threads(threads)
        self.store = open_store(store_url)
        self.assignment: Assignment | None = None

    def answer(self, assignment: Assignment, question: bytes) -> bytes:
        """A pickled Chunk → its pickled ChunkResult; pickled findings → each as computed again from its raw inputs,
        alone, or None where it does not hold. Pickled, so that the tasks in between need not import what they carry
        (torch, in every new worker process); they come from our own driver over Ray's own channels alone.
        """
        artifact = self._take(assignment)
        asked: Chunk | tuple[Finding, ...] = pickle.loads(question)  # noqa: S301 - our own, see above
        if isinstance(asked, Chunk):
            return pickle.dumps(audit_chunk(artifact.model, self.norms, asked.seed, asked.count, self.material))
        return pickle.dumps([verify(finding, artifact, self.norms) for finding in asked])

    def _take(self, assignment: Assignment) -> Artifact:
        if self.assignment != assignment:
            if self.assignment is None or self.assignment.digest != assignment.digest:
                self.artifact = load_from(self.store, assignment.digest, trust_remote_code=assignment.trust_remote_code)
            self.norms: tuple[Norm, ...]
            self.material: Material
            self.norms, self.material = ray.get(assignment.held)
            self.assignment = assignment
        return self.artifact


class ScorerPool:
    """Owns the actors; leaving the ``with`` frees their CPUs.

    Example:
        >>> with ScorerPool(session, config.audit) as scorers:  # doctest: +SKIP
        ...     audit_round(session, config, progress, scorers, digest)
    """

    def __init__(self, session: Session, section: AuditSection) -> None:
        plan = plan_scorers(session.cluster(), section)
        remote = ray.remote(num_cpus=plan.cpus, num_gpus=plan.gpus, max_restarts=-1, max_task_retries=3)(Scorer)
        self.actors = [remote.remote(session.store.url, plan.threads) for _ in range(plan.count)]

    def __enter__(self) -> ScorerPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for actor in self.actors:
            ray.kill(actor)

    def assign(
        self, digest: Digest, norms: tuple[Norm, ...], material: Material, *, trust_remote_code: bool = False
    ) -> ray.ObjectRef:
        """A reference to the Assignment, to send along with every question."""
        return ray.put(Assignment(digest, ray.put((norms, material)), trust_remote_code))
