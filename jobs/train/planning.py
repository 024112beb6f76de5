"""``iirl train --dry-run``: what training would take, as lines of text. Loads neither torch nor Ray, starts nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from iirl_core.config import Config
from iirl_core.config.training import TrainSection
from iirl_core.errors import ConfigError
from iirl_core.plan import Backbone, Memory, activations, backbone_of, forward_flops, head_of, hours, states
from iirl_core.plan.head import Head
from iirl_core.plan.memory import WIDTH, Stage
from iirl_core.pretrained import model_source
from jobs.train.ahead import Ahead, look_ahead

STAGES: tuple[Stage, ...] = (0, 1, 2, 3)
H100_TFLOPS = {"bf16": 989.0, "fp32": 67.0}
CPU_TFLOPS = 0.05
TITLE = "plan: what training would take, estimated from shapes (iirl_core/plan); nothing was started"


def plan_lines(config: Config) -> list[str]:
    """The plan of a configuration. What cannot be known before training is named, not guessed."""
    unknown: list[str] = []
    backbone = _backbone(config, unknown)
    ahead = look_ahead(config)
    width = backbone.width if backbone is not None else _step_width(config, ahead)
    head = head_of(config.expertness, width) if width else None
    lines = [TITLE, *_parameter_lines(config, backbone, head)]
    if head is not None and head.parameters:
        lines += ["", *_memory_lines(config, backbone, head), ""]
    lines += _work_lines(config, backbone, head, ahead)
    lines += [f"not known     {reason}" for reason in (*unknown, *ahead.unknown)]
    return lines


def _backbone(config: Config, unknown: list[str]) -> Backbone | None:
    """Of a text encoder that lies on this machine."""
    if config.encoder.kind != "text":
        return None
    source = model_source(config.encoder.model)
    path = Path(source) / "config.json" if Path(source).is_dir() else _cached(source)
    try:
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
    """Of a trajectory's row, where it holds states alone."""
    states_alone = config.encoder.kind == "trajectory" and config.encoder.rows == "states"
    return ahead.observations if states_alone else None


def _parameter_lines(config: Config, backbone: Backbone | None, head: Head | None) -> Iterator[str]:
    if backbone is not None:
        shape = f"{backbone.kind}, {backbone.layers} layers of {backbone.width}"
        yield f"encoder       {backbone.parameters:,} parameters ({shape}), frozen"
    elif config.encoder.kind == "trajectory":
        yield "encoder       a mean and a deviation for each number of a step"
    if head is not None:
        yield f"head          {head.parameters:,} parameters ({config.expertness.family})"
        yield f"trainable     {head.parameters:,} parameters"


def _memory_lines(config: Config, backbone: Backbone | None, head: Head) -> Iterator[str]:
    train = config.train
    if backbone is not None and config.encoder.kind == "text":
        weights = WIDTH["fp32"] * backbone.parameters
        one = replace(backbone, layers=1)
        most = activations(one, config.encoder.batch * config.encoder.max_tokens, precision="fp32", checkpointing=False)
        yield f"encoding      each actor: {_bytes(weights)} of weights, fp32, and at most {_bytes(most)} of activations"
    place = "GPU" if train.gpus_per_worker else "worker"
    yield f"training      each {place}, of {train.workers}: {train.batch} rows a step over all, {train.precision}"
    columns = ("weights", "gradients", "optimiser", "activations", "together", "on the host")
    yield "              " + "".join(f"{column:>13}" for column in columns)
    for stage in STAGES:
        found = _states(train, head, stage)
        chosen = "*" if stage == train.zero_stage else " "
        parts = (found.weights, found.gradients, found.optimiser, found.activations, found.device, found.host)
        yield f"     {chosen} ZeRO {stage} " + "".join(f"{_bytes(part):>13}" for part in parts)
    needed = _states(train, head, train.zero_stage).device
    if train.gpus_per_worker and needed > config.plan.memory_gb * 1e9:
        yield f"too much      {_bytes(needed)} of the {config.plan.memory_gb:g} GB that plan.memory_gb says"


def _states(train: TrainSection, head: Head, stage: Stage) -> Memory:
    found = states(head.parameters, 0, precision=train.precision, stage=stage, devices=train.workers)
    rows = -(-train.batch // train.workers)
    return replace(found, activations=WIDTH[train.precision] * rows * head.activations)


def _work_lines(config: Config, backbone: Backbone | None, head: Head | None, ahead: Ahead) -> Iterator[str]:
    train = config.train
    if ahead.rows is None:
        return
    steps = max(1, train.epochs * ahead.rows // train.batch)
    yield f"steps         {steps:,}: {train.epochs} epochs of about {ahead.rows:,} rows, {train.batch} a step"
    if ahead.tokens is None or ahead.records is None or backbone is None or head is None:
        return
    tokens = ahead.records * ahead.tokens
    yield f"tokens        {tokens:.3g}: {ahead.records:,} texts of about {ahead.tokens:.0f}, encoded once"
    encoding = tokens * forward_flops(backbone, ahead.tokens)
    fitting = 6.0 * head.parameters * steps * train.batch
    yield f"compute       {encoding + fitting:.3g} FLOPs: {encoding:.3g} to encode, {fitting:.3g} to fit the head"
    yield _hours_line(config, encoding, fitting)


def _hours_line(config: Config, encoding: float, fitting: float) -> str:
    """The encoder computes in fp32, the head in the precision of training."""
    assumed = _assumed(config)
    rate = config.plan.utilisation
    total = hours(encoding, assumed.tflops["fp32"] * 1e12, rate) + hours(
        fitting, assumed.tflops[config.train.precision] * 1e12, rate
    )
    return (
        f"{assumed.device}-hours     {total:.2g} on {assumed.count:g}: {rate:.0%} of {assumed.said} each assumed "
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
