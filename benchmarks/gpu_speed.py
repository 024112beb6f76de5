"""Tokens a second, model FLOPs utilisation and peak memory of a backbone that is trained on a GPU, by ZeRO stage.

The backbone has Qwen3-0.6B's shape and random weights (speed does not ask what they are); what steps is the training
loop's own engine, on a discriminator's loss over texts that are all equally long. FLOPs and bytes are the plan's
(``iirl_core/plan``), so the figures also say how well a dry run foresees. Without a GPU there is nothing to measure;
``--device cpu --quick`` takes the same way with a tiny shape. Several GPUs:

    torchrun --nproc-per-node 8 -m benchmarks.gpu_speed
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import socket
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed

from benchmarks.figures import Figure, arguments, figure, write_results
from iirl_core.config.expertness import DiscriminatorSection
from iirl_core.config.training import TrainSection
from iirl_core.expertness import build_expertness
from iirl_core.plan import activations, backbone_of, head_of, states, training_flops
from iirl_core.plan.memory import Precision, Stage
from iirl_core.plan.published import PUBLISHED
from iirl_core.tuning import Texts, Tuned
from jobs.train.engine import Engine

STAGES: tuple[Stage, ...] = (1, 2, 3)
BACKBONE = "Qwen/Qwen3-0.6B"
TINY = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "head_dim": 16, "vocab_size": 512}
HEAD = DiscriminatorSection(hidden=0, members=4)
H100_TFLOPS = 989.0
WARM = 3
"""Steps that are not counted: allocators and kernels settle."""
LEFT = 64 * 2**20
"""Bytes that libraries may keep on a device between two stages: their work spaces."""


@dataclass(frozen=True)
class Work:
    """What is trained: ``shape`` is a backbone's ``config.json``; each rank takes ``rows`` texts of ``length`` tokens a
    step, and ``steps`` of those are timed, as often as ``repeats``.
    """

    shape: dict[str, object]
    rows: int
    length: int
    steps: int
    repeats: int
    device: str

    @property
    def precision(self) -> Precision:
        """bf16 where a GPU computes it."""
        return "bf16" if self.device == "cuda" else "fp32"


def main() -> None:
    parser = arguments("gpu_speed", __doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="cpu only shows that it works")
    parser.add_argument("--rows", type=int, default=8, help="texts of a rank's step")
    parser.add_argument("--length", type=int, default=1024, help="tokens of each")
    parser.add_argument("--peak-tflops", type=float, default=H100_TFLOPS, help="of one device (an H100's, in bf16)")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("no GPU is at hand: nothing was measured (--device cpu --quick shows that it works)", file=sys.stderr)
        sys.exit(2)
    os.environ.update({"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", **os.environ})  # torchrun may say otherwise
    rank, ranks = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    if options.device == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    meeting = {"init_method": f"tcp://127.0.0.1:{_free_port()}"} if ranks == 1 else {}
    backend = "nccl" if options.device == "cuda" else "gloo"
    torch.distributed.init_process_group(backend, rank=rank, world_size=ranks, **meeting)
    work = work_of(options)
    figures = [each for stage in STAGES for each in measured(work, stage, ranks, options.peak_tflops)]
    torch.distributed.destroy_process_group()
    if rank == 0:
        notes = (
            f"{ranks} × {device_name(options.device)}; {backbone_of(work.shape).parameters:,} random parameters; "
            f"{work.rows} texts of {work.length} tokens a step and rank, {work.precision}, AdamW, no checkpointing. "
            f"Utilisation is of {options.peak_tflops:g} TFLOP/s each."
        )
        write_results("gpu_speed", figures, notes, place_of(options))


def place_of(options: argparse.Namespace) -> Path | None:
    """Where the figures are written, None for where results lie: what a CPU does, or a tiny shape, is none."""
    if options.json is None and (options.quick or options.device == "cpu"):
        return Path(tempfile.gettempdir()) / "gpu_speed.json"
    return options.json


def work_of(options: argparse.Namespace) -> Work:
    """Of the flags: ``--quick`` is a tiny shape."""
    shape = dict(PUBLISHED[BACKBONE])
    if options.quick:
        small = {**shape, **TINY, "num_attention_heads": 4, "num_key_value_heads": 2}
        return Work(small, rows=2, length=32, steps=2, repeats=2, device=options.device)
    return Work(shape, options.rows, options.length, steps=5, repeats=5, device=options.device)


def measured(work: Work, stage: Stage, ranks: int, peak_tflops: float) -> list[Figure]:
    """Tokens a second of all ranks, the share of the peak that this is, and the most memory of this rank's steps.

    Raises:
        RuntimeError: an earlier stage left something on the device, which its memory would be counted with.
    """
    if work.device == "cuda" and torch.cuda.memory_allocated() > LEFT:
        raise RuntimeError(f"{torch.cuda.memory_allocated():,} bytes are left on the device before ZeRO {stage}")
    engine, texts, done = _engine(work, stage, ranks), _texts(work), 0
    if work.device == "cuda":
        torch.cuda.reset_peak_memory_stats()  # making the module took its fp32 weights, too
    runs = []
    for repeat in range(work.repeats + 1):
        steps = work.steps if repeat else WARM
        _settle(work)
        started = time.perf_counter()
        for _ in range(steps):
            engine.step(done, texts)
            done += 1
        _settle(work)
        runs.append(steps * ranks * work.rows * work.length / (time.perf_counter() - started))
    speeds, peak = runs[1:], _peak_memory(work)
    engine.close()
    del engine
    gc.collect()
    backbone = backbone_of(work.shape)
    each = training_flops(backbone, work.length, tuning="full") / ranks / (peak_tflops * 1e12)
    name = f"ZeRO {stage}"
    return [
        figure(f"{name}, tokens", speeds, "tokens/s", baseline=f"{ranks} ranks"),
        figure(f"{name}, utilisation", [speed * each for speed in speeds], "of the peak"),
        figure(f"{name}, peak memory", [peak / 1e9], "GB", baseline=f"planned {planned(work, stage, ranks) / 1e9:.3g}"),
    ]


def planned(work: Work, stage: Stage, ranks: int) -> float:
    """Bytes of one device, as a dry run says them."""
    backbone = backbone_of(work.shape)
    head = head_of(HEAD, backbone.width)
    trained = backbone.parameters + (head.parameters if head is not None else 0)
    gathered = max(backbone.layer, backbone.embeddings)
    found = states(trained, 0, precision=work.precision, stage=stage, devices=ranks, gathered=gathered)
    return found.device + activations(backbone, work.rows * work.length, precision=work.precision, checkpointing=False)


def _engine(work: Work, stage: Stage, ranks: int) -> Engine:
    from transformers import AutoConfig, AutoModel

    torch.manual_seed(0)
    rest = {key: value for key, value in work.shape.items() if key != "model_type"}
    config = AutoConfig.for_model(str(work.shape["model_type"]), **rest, use_cache=False)
    with torch.device(work.device):
        module = Tuned(AutoModel.from_config(config), "last", build_expertness(HEAD, config.hidden_size))
    section = TrainSection.model_validate(
        {
            "batch": work.rows * ranks,
            "workers": ranks,
            "zero_stage": stage,
            "precision": work.precision,
            "gpus_per_worker": float(work.device == "cuda"),
        }
    )
    return Engine(module, section, steps=1_000_000)


def _texts(work: Work) -> Texts:
    """Random tokens, half of them of demonstrations."""
    generator = np.random.default_rng(int(os.environ["RANK"]))
    count = work.rows * work.length
    row = torch.arange(work.rows)
    return Texts(
        generator.integers(0, int(str(work.shape["vocab_size"])), count).astype(np.int32),
        np.full(work.rows, work.length, np.int64),
        expert=(row % 2 == 0).float(),
        weight=torch.ones(work.rows),
        row=row,
    )


def _settle(work: Work) -> None:
    if work.device == "cuda":
        torch.cuda.synchronize()


def _peak_memory(work: Work) -> float:
    """Bytes: of the device; without one, of this process since it began."""
    if work.device == "cuda":
        return float(torch.cuda.max_memory_allocated())
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def device_name(device: str) -> str:
    """What kind of device."""
    return torch.cuda.get_device_name() if device == "cuda" else "CPU, which shows only that it works"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


if __name__ == "__main__":
    main()
