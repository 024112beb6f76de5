"""Corpora → rows: encoded over a pool of actors that hold the encoder, or only tokenised, in tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import torch

from cluster.resources import ActorPlan
from cluster.streaming import RESTARTS
from iirl_core.demonstration import Conversation, conversation_of
from iirl_core.encoder import place
from iirl_core.encoder.protocol import Encoder
from iirl_core.errors import InputError
from iirl_core.store.protocol import Store
from jobs.train import features, tokens
from jobs.train.dealing import Choice, Parts, tasks_of
from jobs.train.pipeline import Source, write_rows
from jobs.train.table import answer_lengths, table_of

if TYPE_CHECKING:
    import ray
    from ray import ObjectRef

    from iirl_core.encoder.rendering import Rendering

    Held = tuple[ObjectRef[Encoder], ObjectRef[tuple[Conversation, ...]]]
    HeldRendering = tuple[ObjectRef[Rendering], ObjectRef[tuple[Conversation, ...]]]

TRAINED = Choice(("train", "held_out"))
BATCH = 256
"""Records that an actor encodes at a time."""


def encode_sources(
    store: Store,
    folder: str,
    sources: Sequence[Source],
    encoder: Encoder,
    *,
    parts: Parts,
    pool: Sequence[Conversation],
    plan: ActorPlan,
    choice: Choice = Choice(),  # noqa: B008 - frozen
) -> None:
    """Write features; what lies under ``folder`` of the store is replaced. Needs Ray.

    Raises:
        IirlError: what an actor raised, if it is one of ours.
        ClusterError: the pipeline failed otherwise.
    """
    import ray

    stage = EncodeStage((ray.put(encoder), ray.put(tuple(pool))), parts, choice, plan)
    write_rows(store, folder, sources, stage, "encoding")


def tokenise_sources(
    store: Store,
    folder: str,
    sources: Sequence[Source],
    rendering: Rendering,
    *,
    parts: Parts,
    pool: Sequence[Conversation],
) -> None:
    """Write the tokens of ``train``; otherwise as ``encode_sources``. What only calibrates, and is encoded after it,
    is rendered here, too, to be refused before training: a small part of tokenising it, for guard and contrast alone.
    """
    import ray

    stage = TokeniseStage((ray.put(rendering), ray.put(tuple(pool))), parts)
    write_rows(store, folder, sources, stage, "tokenising")


@dataclass(frozen=True)
class EncodeStage:
    """Over actors that hold the encoder."""

    held: Held
    parts: Parts
    choice: Choice
    plan: ActorPlan

    def of(self, records: ray.data.Dataset) -> ray.data.Dataset:
        """Records → features."""
        import ray.data

        plan = self.plan
        return records.map_batches(
            EncodeActor,
            fn_constructor_args=(self.held, self.parts, self.choice, plan.threads, "cuda" if plan.gpus else "cpu"),
            batch_format="pyarrow",
            batch_size=BATCH,
            compute=ray.data.ActorPoolStrategy(size=plan.count),
            num_cpus=plan.cpus,
            num_gpus=plan.gpus,
            max_restarts=RESTARTS,
        )


@dataclass(frozen=True)
class TokeniseStage:
    """In tasks: a tokenizer is light."""

    held: HeldRendering
    parts: Parts

    def of(self, records: ray.data.Dataset) -> ray.data.Dataset:
        """Records → tokens."""
        return records.map_batches(
            tokenise, fn_args=(self.held, self.parts), batch_format="pyarrow", batch_size=BATCH, zero_copy_batch=True
        )


class EncodeActor:
    """Holds the encoder on one actor."""

    encoder: Encoder
    pool: Sequence[Conversation]

    def __init__(self, held: Held, parts: Parts, choice: Choice, threads: int, device: str) -> None:
        import ray

        torch.set_num_threads(threads)
        self.encoder, self.pool = ray.get(list(held))
        place(self.encoder, device)
        self.parts, self.choice = parts, choice

    def __call__(self, table: pa.Table) -> pa.Table:
        """Records with a column ``role`` → features."""
        columns = features.schema(self.encoder.width, **self.parts.columns)
        tasks = tasks_of(table, self.parts, self.pool, self.choice)
        if not tasks:
            return columns.empty_table()
        encoded = self.encoder.encode([task.input for task in tasks])
        z = pa.FixedSizeListArray.from_arrays(pa.array(encoded.z.numpy().reshape(-1)), self.encoder.width)
        answers = answer_lengths(tasks, rendering_of(self.encoder)) if self.parts.lengths else None
        return table_of(tasks, encoded.lengths, z, columns, answers=answers, beta=self.parts.beta)


def tokenise(table: pa.Table, held: HeldRendering, parts: Parts) -> pa.Table:
    """Records with a column ``role`` → tokens of the rows to train on.

    Raises:
        InputError: the template refuses a record, be it one that is only encoded once training is over.
    """
    rendering, pool = received(held)
    tasks = []
    for task in tasks_of(table, parts, pool, Choice()):
        if task in TRAINED:
            tasks.append(task)
        else:
            rendering.render(conversation_of(task.input))
    ids = pa.array([rendering.tokens(conversation_of(task.input)).ids for task in tasks], pa.list_(pa.int32()))
    answers = answer_lengths(tasks, rendering) if parts.lengths else None
    columns = tokens.schema(**parts.columns)
    return table_of(tasks, (1,) * len(tasks), ids, columns, answers=answers, beta=parts.beta)


def rendering_of(encoder: Encoder) -> Rendering:
    """How a text encoder writes conversations.

    Raises:
        InputError: it is none.
    """
    from iirl_core.encoder.text import TextEncoder  # transformers takes seconds to import: only for text

    if not isinstance(encoder, TextEncoder):
        raise InputError("the length of an answer, asked of an encoder of trajectories", "a text encoder")
    return encoder.rendering


@lru_cache(maxsize=1)
def received(held: tuple[ObjectRef[Any], ...]) -> list[Any]:
    """What a task of a stage holds, fetched once per process."""
    import ray

    return list(ray.get(list(held)))
