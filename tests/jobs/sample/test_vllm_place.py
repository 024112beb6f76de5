from __future__ import annotations

from contextlib import nullcontext
from importlib.util import find_spec
from typing import Any, cast

import pytest

from cluster.capacity import Capacity, Node
from cluster.resources import FEEDING, ActorPlan, plan_samplers
from iirl_core.config.sampling import SampleSection
from iirl_core.errors import ConfigError
from jobs.sample import vllm_place
from jobs.sample.vllm_place import bundles_of, check_vllm, engine_keys

WITH_VLLM = find_spec("vllm") is not None


@pytest.mark.skipif(WITH_VLLM, reason="vLLM is installed")
def test_vllm_that_is_not_installed_is_refused() -> None:
    with pytest.raises(ConfigError, match="not installed"):
        check_vllm(1)


@pytest.mark.parametrize(
    ("build", "gpus", "refused"), [("0.29.0", 0, True), ("0.29.0", 1, False), ("0.29.0+cpu", 0, False)]
)
def test_vllm_that_needs_a_gpu_is_refused_where_a_sampler_has_none(
    build: str, gpus: float, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vllm_place, "find_spec", lambda name: name)
    monkeypatch.setattr(vllm_place, "version", lambda name: build)
    with pytest.raises(ConfigError, match="without a GPU") if refused else nullcontext():
        check_vllm(gpus)


def test_so_many_gpus_and_a_half_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm_place, "find_spec", lambda name: name)
    with pytest.raises(ConfigError, match=r"gpus_per_sampler 2\.5"):
        check_vllm(2.5)


def told(cpus: float, gpus: float) -> tuple[dict[str, Any], dict[str, float]]:
    """What the engine is told, and the resources of each of its workers."""
    said = cast(dict[str, Any], engine_keys(ActorPlan(1, cpus, gpus, 2)))
    return said["engine_kwargs"], said["placement_group_config"]["bundle_per_worker"]


def test_weights_are_split_among_whole_gpus() -> None:
    assert cast(dict[str, Any], engine_keys(ActorPlan(1, 1, 2, 2))["engine_kwargs"])["tensor_parallel_size"] == 2


@pytest.mark.parametrize(("cpus", "gpus"), [(2, 2), (4, 4), (8, 8), (2.5, 2), (64, 2)])
def test_a_split_engine_takes_what_its_plan_says_with_a_whole_cpu_in_one_place(cpus: float, gpus: int) -> None:
    section = SampleSection(name="answers", model="llama", prompts="asked", gpus_per_sampler=gpus, engine="vllm")
    plan = plan_samplers(Capacity((Node(cpus, gpus),)), section)
    bundles = bundles_of(plan)
    assert [bundle["GPU"] for bundle in bundles] == [1] * gpus
    taken = [bundle.get("CPU", 0.0) for bundle in bundles]
    assert sum(taken) == plan.cpus <= cpus - FEEDING, "a CPU is left for the tasks that feed it"
    assert max(taken) >= 1


def test_an_engine_with_a_share_of_a_gpu_takes_that_share_of_its_memory() -> None:
    kwargs, bundle = told(1, 0.5)
    assert kwargs["gpu_memory_utilization"] == pytest.approx(0.45)
    assert bundle == {"CPU": 1, "GPU": 0.5}
    assert told(1, 1)[0]["gpu_memory_utilization"] == pytest.approx(0.9)


def test_an_engine_on_cpus_computes_as_transformers_does_with_its_own_threads() -> None:
    said = cast(dict[str, Any], engine_keys(ActorPlan(1, 2, 0, 2)))
    assert said["engine_kwargs"]["dtype"] == "float32"
    assert said["runtime_env"]["env_vars"]["OMP_NUM_THREADS"] == "2"
    assert told(2, 0)[1] == {"CPU": 2}
    assert 0 < told(0, 0)[1]["CPU"] < 0.01, "one that shares its node asks for next to nothing, not for a whole CPU"
