"""How DeepSpeed is set up: loaded, configured, and shown a module that it divides among the ranks."""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import nn

from iirl_core.canonical import JsonValue
from iirl_core.config.training import TrainSection


def engine_document(section: TrainSection) -> dict[str, JsonValue]:
    """DeepSpeed's configuration. Its own type is a free-form document, so ours ends here."""
    offload: dict[str, JsonValue] = {} if section.offload == "none" else {"offload_optimizer": {"device": "cpu"}}
    if section.offload == "weights":
        offload["offload_param"] = {"device": "cpu"}
    return {
        "train_micro_batch_size_per_gpu": section.batch // section.workers // section.accumulation,
        "gradient_accumulation_steps": section.accumulation,
        "gradient_clipping": section.optimiser.gradient_clip,
        "zero_optimization": {"stage": section.zero_stage, "overlap_comm": False, **offload},
        "zero_force_ds_cpu_optimizer": False,  # its own has to be compiled; torch's steps on the CPU too
        "bf16": {"enabled": section.precision == "bf16"},
        "steps_per_print": 2**31,
        "wall_clock_breakdown": False,
    }


def divide(deepspeed: Any, module: nn.Module, document: dict[str, JsonValue], dtype: torch.dtype) -> None:
    """Among the ranks, one parameter after the other: what DeepSpeed divides by itself it moves as a whole onto each
    device before, where ZeRO 3 is asked for because it does not fit.
    """
    for parameter in module.parameters():  # so far it is cast only what is not divided yet
        parameter.data = parameter.data.to(dtype)
    deepspeed.zero.Init(module=module, config_dict_or_path=document, dtype=dtype)


def load_deepspeed(on_gpu: bool) -> Any:
    """DeepSpeed, told beforehand what not to compile and where to run."""
    os.environ.setdefault("DS_ACCELERATOR", "cuda" if on_gpu else "cpu")
    os.environ.setdefault("DS_LOG_LEVEL", "error")
    # Nothing here is compiled, but DeepSpeed decorates an optimiser of its own when it is imported, which loads all of
    # torch's compiler: seconds in every rank.
    os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")
    import deepspeed
    import deepspeed.ops

    # Compiled at first use with a compiler that a worker may not find; gloo alone does the same work.
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    deepspeed.logger.setLevel("ERROR")
    return deepspeed
