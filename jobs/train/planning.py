"""``iirl train --dry-run``: what training would take, as lines of text. Loads neither torch nor Ray, starts nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from iirl_core.config import Config
from iirl_core.config.rows import ACTING
from iirl_core.config.sizes import is_open
from iirl_core.errors import ConfigError
from iirl_core.plan import (
    Backbone,
    Memory,
    activations,
    backbone_of,
    forward_flops,
    head_of,
    hours,
    states,
    training_flops,
)
from iirl_core.plan.compute import Tuning
from iirl_core.plan.head import Head
from iirl_core.plan.memory import WIDTH, Stage
from iirl_core.plan.published import PUBLISHED
from iirl_core.pretrained import model_source
from jobs.train.ahead import Ahead, look_ahead

STAGES: tuple[Stage, ...] = (0, 1, 2, 3)
H100_TFLOPS = {"bf16": 989.0, "fp32": 67.0}
CPU_TFLOPS = 0.05
TITLE = "plan: what training would take, estimated from shapes (iirl_core/plan); nothing was started"


def plan_lines(config: Config) -> list[str]:
    """The plan of a configuration. What cannot be known before training is named, not guessed."""
    unknown: list[str] = []
    assumed: list[str] = []
    backbone = _backbone(config, unknown, assumed)
    ahead = look_ahead(config)
    width = backbone.width if backbone is not None else _step_width(config, ahead)
    head = head_of(config.expertness, width) if width else None
    lines = [TITLE, *_parameter_lines(config, backbone, head)]
    if head is not None and head.parameters:
        lines += ["", *_memory_lines(config, backbone, head), ""]
    lines += _work_lines(config, backbone, head, ahead)
    lines += [f"assumed       {what}" for what in (*assumed, *ahead.assumed)]
    lines += [f"not known     {reason}" for reason in (*unknown, *ahead.unknown)]
    return lines


def _backbone(config: Config, unknown: list[str], assumed: list[str]) -> Backbone | None:
    """Of a text encoder that lies on this machine, or whose shape is published."""
    if config.encoder.kind != "text":
        return None
    source = model_source(config.encoder.model)
    path = Path(source) / "config.json" if Path(source).is_dir() else _cached(source)
    try:
        if path is None and source in PUBLISHED:
            assumed.append(f"the shape of {source} as it was published: it is not on this machine")
            return backbone_of(PUBLISHED[source])
        if path is None:
            raise ConfigError(f"{source}, which is not on this machine")
        return backbone_of(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ConfigError) as error:
        unknown.append(f"the backbone ({str(error).rstrip('.')}): parameters, bytes, hours")
        return None


def _cached(name: str) -> Path | None:
    """The configuration of a hub's model, where it was downloaded before."""
    from huggingface_hub import try_to_load_from_cache  # a tenth of a second that a folder need not pay

    found = try_to_load_from_cache(name, "config.json")
    return Path(found) if isinstance(found, str) else None


def _step_width(config: Config, ahead: Ahead) -> int | None:
    """Of a trajectory's row, once the corpus says of how many numbers its states, and the actions in it, are."""
    if config.encoder.kind != "trajectory" or ahead.observations is None:
        return None
    if config.encoder.rows in ACTING and ahead.actions is None:
        return None
    return config.encoder.row_width(ahead.observations, ahead.actions or 0)


def _parameter_lines(config: Config, backbone: Backbone | None, head: Head | None) -> Iterator[str]:
    if backbone is not None:
        shape = f"{backbone.kind}, {backbone.layers} layers of {backbone.width}"
        yield f"encoder       {backbone.parameters:,} parameters ({shape}), {_said_of_tuning(config, backbone)}"
    elif config.encoder.kind == "trajectory":
        yield "encoder       a mean and a deviation for each number of a step"
    if head is not None:
        most, why = ("at most ", ", its size chosen by held-out error") if is_open(config.expertness) else ("", "")
        yield f"head          {most}{head.parameters:,} parameters ({config.expertness.family}{why})"
        yield f"trainable     {_trainable(config, backbone, head):,} parameters"


def _adapters(config: Config, backbone: Backbone | None) -> int:
    """Parameters of the adapters, where there are any."""
    section = config.encoder.adapters if config.encoder.kind == "text" else None
    if section is None or backbone is None:
        return 0
    return backbone.adapters(section.rank, None if section.targets is None else tuple(section.targets))


def _said_of_tuning(config: Config, backbone: Backbone) -> str:
    if not config.tunes:
        return "frozen"
    adapters = _adapters(config, backbone)
    return f"frozen beside {adapters:,} of adapters" if adapters else "trained too"


def _trainable(config: Config, backbone: Backbone | None, head: Head) -> int:
    """Of the head, and of what of the encoder is trained."""
    if backbone is None or not config.tunes:
        return head.parameters
    return head.parameters + (_adapters(config, backbone) or backbone.parameters - backbone.unused)


def _memory_lines(config: Config, backbone: Backbone | None, head: Head) -> Iterator[str]:
    train = config.train
    if backbone is not None and config.encoder.kind == "text":
        weights = WIDTH["fp32"] * backbone.parameters
        one = replace(backbone, layers=1)
        most = activations(one, config.encoder.batch * config.encoder.max_tokens, precision="fp32", checkpointing=False)
        yield f"encoding      each actor: {_bytes(weights)} of weights, fp32, and at most {_bytes(most)} of activations"
        if train.gpus_per_worker and weights + most > config.plan.memory_gb * 1e9:
            yield _too_much(config, "encode", weights + most)
    place = "GPU" if train.gpus_per_worker else "worker"
    over = "over all" + (f" in {train.accumulation} parts" if train.accumulation > 1 else "")
    yield f"training      each {place}, of {train.workers}: {train.batch} rows a step {over}, {train.precision}"
    columns = ("weights", "gradients", "optimiser", "activations", "together", "on the host")
    yield "              " + "".join(f"{column:>13}" for column in columns)
    for stage in STAGES:
        found = _states(config, backbone, head, stage)
        chosen = "*" if stage == train.zero_stage else " "
        parts = (found.weights, found.gradients, found.optimiser, found.activations, found.device, found.host)
        yield f"     {chosen} ZeRO {stage} " + "".join(f"{_bytes(part):>13}" for part in parts)
    needed = _states(config, backbone, head, train.zero_stage).device
    if train.gpus_per_worker and needed > config.plan.memory_gb * 1e9:
        yield _too_much(config, "train", needed)


def _too_much(config: Config, what: str, needed: float) -> str:
    return f"too much      to {what}: {_bytes(needed)} of the {config.plan.memory_gb:g} GB that plan.memory_gb says"


def _states(config: Config, backbone: Backbone | None, head: Head, stage: Stage) -> Memory:
    """Of the head, and of the encoder where it is trained: then texts are taken to be as long as they may be."""
    train = config.train
    rows = -(-train.batch // (train.workers * train.accumulation))
    kept = float(WIDTH[train.precision] * rows * head.activations)
    frozen = gathered = 0
    if backbone is not None and config.encoder.kind == "text" and config.tunes:
        frozen = backbone.parameters if _adapters(config, backbone) else backbone.unused
        gathered = max(backbone.layer, backbone.embeddings)
        tokens, checkpointing = rows * config.encoder.max_tokens, train.gradient_checkpointing
        kept += activations(backbone, tokens, precision=train.precision, checkpointing=checkpointing)
    found = states(
        _trainable(config, backbone, head),
        frozen,
        precision=train.precision,
        stage=stage,
        devices=train.workers,
        offload=train.offload,
        gathered=gathered,
    )
    return replace(found, activations=kept)


def _work_lines(config: Config, backbone: Backbone | None, head: Head | None, ahead: Ahead) -> Iterator[str]:
    train = config.train
    if backbone is not None and config.encoder.kind == "text" and config.tunes:
        most, longest = train.batch * config.encoder.max_tokens, config.encoder.max_tokens
        yield f"each step     at most {most:,} tokens, {most * _training_flops(config, backbone, longest):.3g} FLOPs"
    if ahead.rows is None:
        return
    steps = max(1, train.epochs * ahead.rows // train.batch)
    yield f"steps         {steps:,}: {train.epochs} epochs of about {ahead.rows:,} rows, {train.batch} a step"
    if ahead.tokens is None or ahead.records is None or backbone is None or head is None:
        return
    fitting = 6.0 * head.parameters * steps * train.batch
    encoding = ahead.records * ahead.tokens * forward_flops(backbone, ahead.tokens)
    if config.encoder.kind == "text" and config.tunes:
        tokens, doing = steps * train.batch * ahead.tokens, "at most {:.3g} to calibrate, {:.3g} to train"
        yield f"tokens        {tokens:.3g}: {steps * train.batch:,} texts of about {ahead.tokens:.0f}, over all epochs"
        fitting += tokens * _training_flops(config, backbone, ahead.tokens)
    else:
        tokens, doing = ahead.records * ahead.tokens, "{:.3g} to encode, {:.3g} to fit the head"
        yield f"tokens        {tokens:.3g}: {ahead.records:,} texts of about {ahead.tokens:.0f}, encoded once"
    yield f"compute       {encoding + fitting:.3g} FLOPs: {doing.format(encoding, fitting)}"
    yield _hours_line(config, encoding, fitting)


def _training_flops(config: Config, backbone: Backbone, length: float) -> float:
    """Of one token of a text of this length, in an encoder that is trained."""
    tuning: Tuning = config.encoder.tuning if config.encoder.kind == "text" else "frozen"
    adapters, again = _adapters(config, backbone), config.train.gradient_checkpointing
    return training_flops(backbone, length, tuning=tuning, adapters=adapters, checkpointing=again)


def _hours_line(config: Config, encoding: float, fitting: float) -> str:
    """A frozen encoder computes in fp32, what is trained in the precision of training."""
    assumed = _assumed(config)
    rate = config.plan.utilisation
    total = hours(encoding, assumed.tflops["fp32"] * 1e12, rate) + hours(
        fitting, assumed.tflops[config.train.precision] * 1e12, rate
    )
    said = f"{total:,.0f}" if total >= 10 else f"{total:.2g}"
    return (
        f"{assumed.device}-hours     {said} on {assumed.count:g}: {rate:.0%} of {assumed.said} each assumed "
        "(plan.utilisation, plan.peak_tflops)"
    )


@dataclass(frozen=True)
class _Assumed:
    """``count`` devices of this kind, what one could do in either precision, and that in words."""

    device: str
    count: float
    tflops: dict[str, float]
    said: str


def _assumed(config: Config) -> _Assumed:
    train, told = config.train, config.plan.peak_tflops
    if train.gpus_per_worker:
        tflops = dict.fromkeys(H100_TFLOPS, told) if told else H100_TFLOPS
        said = f"{told:g} TFLOP/s" if told else "an H100's 989 TFLOP/s in bf16, 67 in fp32,"
        return _Assumed("GPU", train.workers * train.gpus_per_worker, tflops, said)
    each = told or CPU_TFLOPS
    return _Assumed("CPU", train.workers * train.cpus_per_worker, dict.fromkeys(H100_TFLOPS, each), f"{each:g} TFLOP/s")


def _bytes(count: float) -> str:
    """In powers of ten."""
    for size, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.0f} B"
