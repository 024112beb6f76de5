"""Bytes on one device that a plan tells: of each actor that encodes, and of each worker that trains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cluster.resources import gpus_per_encoder
from iirl_core.config import Config
from iirl_core.config.expertness import LogRatioSection
from iirl_core.plan import Backbone, Head, Memory, activations, reading_bytes, states
from iirl_core.plan.memory import WIDTH, Stage
from jobs.train.bounds import KEPT_ROWS
from jobs.train.shapes import Shapes, adapters_of, trainable_of

STAGES: tuple[Stage, ...] = (0, 1, 2, 3)


def encoding_lines(config: Config, shapes: Shapes) -> Iterator[str]:
    """Of a text encoder, and of the policies beside it; none where one of their shapes is not known."""
    encoder, policies = shapes.encoder, [one for one in shapes.policies.values() if one is not None]
    if encoder is None or config.encoder.kind != "text" or len(policies) < len(shapes.policies):
        return
    held = config.encoder.weights
    weights = WIDTH[held] * (encoder.parameters + sum(one.parameters for one in policies))
    one, tokens = replace(encoder, layers=1), config.encoder.batch * config.encoder.max_tokens
    most = activations(one, tokens, precision="fp32", checkpointing=False)
    if isinstance(config.expertness, LogRatioSection):  # which read text by text
        most = max(most, *(reading_bytes(policy, config.expertness.max_tokens) for policy in policies))
    gpus = max(1, int(gpus_per_encoder(config.train)))
    over = f" over {gpus} GPUs" if gpus > 1 else ""
    yield f"encoding      each actor: {_bytes(weights)} of {held} weights{over}, at most {_bytes(most)} of activations"
    if share := min(1.0, gpus_per_encoder(config.train)):
        yield from _too_much(config, "encode", weights / gpus + most, share)


def training_lines(config: Config, backbone: Backbone | None, head: Head) -> Iterator[str]:
    """Of the head, and of the encoder where it is trained, under every stage of ZeRO."""
    train = config.train
    place = "GPU" if train.gpus_per_worker else "worker"
    over = "over all" + (f" in {train.accumulation} parts" if train.accumulation > 1 else "")
    yield f"training      each {place}, of {train.workers}: {train.batch} rows a step {over}, {train.precision}"
    if backbone is not None and config.encoder.kind == "text" and config.tunes:
        whole = backbone.parameters * max(WIDTH[train.precision], WIDTH[config.encoder.weights])
        yield f"              each reads the whole encoder first: {_bytes(whole)} of its host's memory"
    elif backbone is not None and config.encoder.kind == "text":
        readers = 1 if train.held_out is None else 2
        kept = readers * KEPT_ROWS * backbone.width * WIDTH["fp32"]
        yield f"              each keeps at most {_bytes(kept)} of encoded rows in its host's memory"
    columns = ("weights", "gradients", "optimiser", "activations", "together", "on the host")
    yield "              " + "".join(f"{column:>13}" for column in columns)
    for stage in STAGES:
        found = _states(config, backbone, head, stage)
        chosen = "*" if stage == train.zero_stage else " "
        parts = (found.weights, found.gradients, found.optimiser, found.activations, found.device, found.host)
        yield f"     {chosen} ZeRO {stage} " + "".join(f"{_bytes(part):>13}" for part in parts)
    needed = _states(config, backbone, head, train.zero_stage).device
    if train.gpus_per_worker:
        yield from _too_much(config, "train", needed, train.gpus_per_worker)


def _too_much(config: Config, what: str, needed: float, share: float) -> Iterator[str]:
    """Where it is: of a ``share`` of a GPU, whose other users have the rest."""
    have = config.plan.memory_gb * share
    if needed > have * 1e9:
        part = "" if share == 1 else f", of {share:g} GPU"
        yield f"too much      to {what}: {_bytes(needed)} of the {have:g} GB that plan.memory_gb says{part}"


def _states(config: Config, backbone: Backbone | None, head: Head, stage: Stage) -> Memory:
    """Of the head, and of the encoder where it is trained: then texts are taken to be as long as they may be."""
    train = config.train
    rows = -(-train.batch // (train.workers * train.accumulation))
    kept = float(WIDTH[train.precision] * rows * head.activations)
    frozen = gathered = 0
    if backbone is not None and config.encoder.kind == "text" and config.tunes:
        frozen = backbone.parameters if adapters_of(config, backbone) else backbone.unused
        gathered = max(backbone.layer, backbone.embeddings)
        tokens, checkpointing = rows * config.encoder.max_tokens, train.gradient_checkpointing
        kept += activations(backbone, tokens, precision=train.precision, checkpointing=checkpointing)
    found = states(
        trainable_of(config, backbone, head),
        frozen,
        precision=train.precision,
        stage=stage,
        devices=train.workers,
        offload=train.offload,
        gathered=gathered,
    )
    return replace(found, activations=kept)


def _bytes(count: float) -> str:
    """In powers of ten."""
    for size, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.0f} B"
