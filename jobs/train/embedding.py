"""Sentence embeddings of corpora on Ray Data: samples as a matrix, and the similarity of comparisons to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray

from cluster.apart import stream_apart
from cluster.resources import ActorPlan
from cluster.streaming import RESTARTS, streaming
from iirl_core.corpus import Corpus, demonstrations_of
from iirl_core.demonstration import Conversation, Demonstration, Message
from iirl_core.encoder import Encoder, place
from iirl_core.selection import MOST_SAMPLES, dealt, drawn

if TYPE_CHECKING:
    import pyarrow.fs
    from ray import ObjectRef

BATCH = 256
DIGITS = 5
"""Decimals of a similarity that count: the rest depends on which texts shared a batch."""


@dataclass(frozen=True)
class Dealing:
    """The part of one corpus of samples that a round takes of so many; all of it, if there is one."""

    part: int
    parts: int

    def takes(self, identity: str, share: float) -> bool:
        """Whether a sample is taken, where a fair ``share`` of all is enough."""
        return dealt(identity, self.parts) == self.part and drawn(identity, 0) < share


@dataclass(frozen=True)
class Embedding:
    """Embeds texts of corpora over a pool of actors; ``compared`` are the samples that rows are compared with, of every
    round, None where they are still to be embedded.
    """

    encoder: ObjectRef[Encoder]
    similarity: str
    plan: ActorPlan
    compared: ObjectRef | None = None

    def samples(self, corpora: Sequence[Corpus], dealing: Dealing) -> NDArray[np.float32]:
        """``[N, D]``: unit rows of the train split's samples that are compared with, in the order of their ids."""
        rows = sum(corpus.manifest.splits.get("train", 0) for corpus in corpora) / dealing.parts
        share = min(1.0, MOST_SAMPLES / max(rows, 1))

        def taken(table: pa.Table) -> pa.Table:
            table = _train(table)  # answers to held-out prompts are not to choose what is learnt
            return table.filter(pa.array([dealing.takes(one, share) for one in table["id"].to_pylist()], pa.bool_()))

        found: dict[str, NDArray[np.float32]] = {}
        for batch in self._mapped(corpora, taken):
            z = np.stack(batch["z"].to_pylist()).astype(np.float32) if len(batch) else np.zeros((0, 0), np.float32)
            found |= dict(zip(batch["id"].to_pylist(), z, strict=True))
        return np.stack([found[key] for key in sorted(found)]) if found else np.zeros((0, 0), np.float32)

    def similarities(
        self, corpora: Sequence[Corpus], rounds: Sequence[NDArray[np.float32]]
    ) -> Iterator[tuple[str, list[float]]]:
        """A comparison and its similarity to each round's samples, for every side of the train split, in no order."""
        import ray

        for batch in replace(self, compared=ray.put(list(rounds)))._mapped(corpora, _train):
            yield from zip(batch["comparison"].to_pylist(), batch["similarities"].to_pylist(), strict=True)

    def _mapped(self, corpora: Sequence[Corpus], taken: Callable[[pa.Table], pa.Table]) -> Iterator[pa.Table]:
        filesystem, _ = corpora[0].store.filesystem()
        paths = [path for one in corpora for path in one.paths()]
        return stream_apart(partial(_embedded, paths, filesystem, taken, self))


def _embedded(
    paths: Sequence[str],
    filesystem: pyarrow.fs.FileSystem,
    taken: Callable[[pa.Table], pa.Table],
    embedding: Embedding,
) -> Iterator[pa.Table]:
    """Drives Ray Data."""
    import ray.data

    plan = embedding.plan
    with streaming():
        rows = ray.data.read_parquet(list(paths), filesystem=filesystem)
        rows = rows.map_batches(taken, batch_format="pyarrow", batch_size=None, zero_copy_batch=True)
        device = "cuda" if plan.gpus else "cpu"
        yield from rows.map_batches(
            EmbedActor,
            fn_constructor_args=(embedding.encoder, embedding.compared, embedding.similarity, plan.threads, device),
            batch_format="pyarrow",
            batch_size=BATCH,
            compute=ray.data.ActorPoolStrategy(size=plan.count),
            num_cpus=plan.cpus,
            num_gpus=plan.gpus,
            max_restarts=RESTARTS,
        ).iter_batches(batch_size=None, batch_format="pyarrow")


def _train(table: pa.Table) -> pa.Table:
    return table.filter(pc.equal(table["split"], "train"))


class EmbedActor:
    """Holds the sentence encoder on one actor, and every round's samples where rows are compared with them."""

    def __init__(
        self,
        encoder: ObjectRef[Encoder],
        rounds: ObjectRef | None,
        similarity: str,
        threads: int,
        device: str,
    ) -> None:
        import ray

        torch.set_num_threads(threads)
        self.encoder = ray.get(encoder)
        place(self.encoder, device)
        self.rounds = None if rounds is None else [torch.from_numpy(one.copy()) for one in ray.get(rounds)]
        self.similarity = similarity

    def __call__(self, table: pa.Table) -> pa.Table:
        """Rows of a corpus → ``id`` and ``z``, or ``comparison`` and ``similarities``, one for each round."""
        z = embedded(self.encoder, list(demonstrations_of(table)), self.similarity)
        if self.rounds is None:
            return pa.table({"id": table["id"], "z": pa.array(list(z.numpy()), pa.list_(pa.float32()))})
        nearest = torch.stack([(z @ one.T).amax(dim=1) for one in self.rounds], dim=1)
        rounded = np.round(nearest.double().numpy(), DIGITS)
        similarities = pa.array(list(rounded), pa.list_(pa.float64()))
        return pa.table({"comparison": table["comparison"], "similarities": similarities})


@torch.no_grad()
def embedded(encoder: Encoder, rows: Sequence[Demonstration], similarity: str) -> torch.Tensor:
    """``[N, D]``: unit sentence embeddings of the answers, or of the answers after their prompts."""
    texts = [one.input for one in rows if isinstance(one.input, Conversation)]
    if similarity == "answer":
        texts = [Conversation((Message("assistant", text.answer),)) for text in texts]
    if not texts:
        return torch.zeros(0, encoder.width)
    return torch.nn.functional.normalize(encoder.encode(texts).z.float(), dim=1)
