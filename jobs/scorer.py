"""Scorer: the actor that holds a RewardModel and answers an audit's questions, or an evaluation's.

This module imports nothing heavy on purpose: Ray imports it wherever a handle to the actor arrives, and the tasks that
only pass questions on would otherwise load torch, in every new worker process.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ray

    from iirl_core.artifact import Artifact
    from iirl_core.canonical import Digest
    from iirl_core.demonstration import Input
    from iirl_core.encoder.remembering import RememberingEncoder
    from iirl_core.norm import Norm
    from iirl_core.probe import ChunkSeed, Material
    from iirl_core.reward_model import RewardModel

REMEMBERED = 20_000
"""Conversations whose encoding a scorer keeps: at 384 dimensions 30 MB."""


@dataclass(frozen=True)
class Chunk:
    """``count`` probes of one family; of what they find the worst ``shrunk`` are made small."""

    seed: ChunkSeed
    count: int
    shrunk: int = 0


@dataclass(frozen=True)
class Assignment:
    """What is audited now, sent along with every chunk, so that a scorer that was restarted on another node finds its
    way back by itself. ``held`` refers to (norms, material) in the object store: a scorer fetches them once.
    """

    digest: Digest
    held: ray.ObjectRef
    trust_remote_code: bool


class Scorer:
    """One actor: an artifact, the norms, and what probes are made from. It asks through an encoder that remembers, and
    verifies without it.
    """

    norms: tuple[Norm, ...]
    material: Material
    artifact: Artifact
    asked: RewardModel
    encoder: RememberingEncoder

    def __init__(self, store_url: str, threads: int, device: str) -> None:
        import torch  # in the actor's own process, where the thread count belongs

        from cluster.store import open_store

        torch.set_num_threads(threads)
        self.store, self.device = open_store(store_url), device
        self.assignment: Assignment | None = None
        self.rated: dict[Digest, RewardModel] = {}

    def answer(self, assignment: Assignment, question: bytes) -> bytes:
        """A pickled Chunk → its pickled ChunkResult, of which every finding was computed again from its raw inputs,
        alone, and without what the encoder remembers, and the worst were made small. Pickled, so that tasks in between
        need not know what they carry; the bytes come from our own driver over Ray's own channels alone.
        """
        from iirl_core.audit import audit_chunk, made_small, verified

        self._take(assignment)
        asked: Chunk = pickle.loads(question)  # noqa: S301 - our own, see above
        result = audit_chunk(self.asked, self.norms, asked.seed, asked.count, self.material)
        held = verified(result, self.artifact, self.norms)
        return pickle.dumps(made_small(held, self.artifact.model, self.norms, asked.shrunk))

    def place(self, assignment: Assignment, question: bytes) -> bytes:
        """Pickled indices of demonstrations → by index, the situations of its steps; as in ``answer``."""
        from iirl_core.audit.placing import place

        self._take(assignment)
        indices: list[int] = pickle.loads(question)  # noqa: S301 - our own, see above
        return pickle.dumps(place(self.asked, self.material, indices))

    def rate(self, digests: Sequence[Digest], trust_remote_code: bool, question: bytes) -> bytes:
        """Pickled inputs → what each artifact says of them, a pickled list of Scored; as in ``answer``. An artifact
        stays loaded once it was asked.
        """
        from iirl_core.artifact import load_from
        from jobs.evaluate.scoring import score

        inputs: list[Input] = pickle.loads(question)  # noqa: S301 - our own, see above
        for digest in digests:
            if digest not in self.rated:
                artifact = load_from(self.store, digest, trust_remote_code=trust_remote_code, device=self.device)
                self.rated[digest] = artifact.model
        return pickle.dumps([score(self.rated[digest], inputs) for digest in digests])

    def _take(self, assignment: Assignment) -> None:
        import ray

        if self.assignment == assignment:
            return
        if self.assignment is None or self.assignment.digest != assignment.digest:
            self._load(assignment)
        self.norms, self.material = ray.get(assignment.held)
        self.assignment = assignment

    def _load(self, assignment: Assignment) -> None:
        """A patched child has its parent's encoder, so what that one remembers still holds. The parent goes first: two
        of the largest encoders do not fit side by side.
        """
        from iirl_core.artifact import load_from
        from iirl_core.artifact.model_digest import encoder_digest
        from iirl_core.encoder.remembering import RememberingEncoder

        former, memory = None, None
        if self.assignment is not None:
            former = self.artifact.manifest
            if former.kind == "conversation":
                memory = self.encoder.memory
                del self.encoder
            del self.artifact, self.asked
            self.assignment = None
        remote = assignment.trust_remote_code
        artifact = load_from(self.store, assignment.digest, trust_remote_code=remote, device=self.device)
        if artifact.manifest.kind == "trajectory":  # encoding steps costs less than remembering them
            self.artifact, self.asked = artifact, artifact.model
            return
        if former is None or encoder_digest(artifact.manifest) != encoder_digest(former):
            memory = None
        self.encoder = RememberingEncoder(artifact.model.encoder, REMEMBERED, memory)
        self.artifact, self.asked = artifact, artifact.model.with_encoder(self.encoder)
