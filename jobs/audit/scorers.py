"""ScorerPool: persistent scorers (``jobs/scorer.py``).

Ray Data fans chunks out over them (``fanning.py``). They outlive a round: an actor costs seconds to start (torch, an
encoder), and a wheel turns many rounds. A chunk is a pure function of its seed, so which scorer takes it, and how many
there are, changes nothing in what is found.
"""

from __future__ import annotations

from types import TracebackType

import ray

from cluster.resources import plan_scorers
from cluster.session import Session
from iirl_core.canonical import Digest
from iirl_core.config.governance import AuditSection
from iirl_core.norm import Norm
from iirl_core.probe import Material
from jobs.scorer import Assignment, Scorer


class ScorerPool:
    """Owns the actors; leaving the ``with`` frees their CPUs.

    Example:
        >>> with ScorerPool(session, config.audit) as scorers:  # doctest: +SKIP
        ...     audit_round(session, config, progress, scorers, digest)
    """

    def __init__(self, session: Session, section: AuditSection) -> None:
        plan = plan_scorers(session.cluster(), section)
        remote = ray.remote(num_cpus=plan.cpus, num_gpus=plan.gpus, max_restarts=-1)(Scorer)
        device = "cuda" if plan.gpus else "cpu"
        self.actors = [remote.remote(session.store.url, plan.threads, device) for _ in range(plan.count)]

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
