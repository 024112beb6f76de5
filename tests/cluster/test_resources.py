"""Plans leave CPUs for what feeds them, and refuse what would wait for ever."""

from __future__ import annotations

import pytest

from cluster.resources import FEEDING, Capacity, plan_encoders, plan_scorers, plan_training
from iirl_core.config.governance import AuditSection
from iirl_core.config.learning import TrainSection
from iirl_core.errors import ClusterError, ConfigError

LAPTOP = Capacity(cpus=2, gpus=0, node_cpus=2)
FARM = Capacity(cpus=64, gpus=4, node_cpus=16)


def audit(**changes: float) -> AuditSection:
    return AuditSection.model_validate({"probes": {"far": 10}, **changes})


@pytest.mark.parametrize("cpus", [1, 2, 3, 4, 16, 64])
@pytest.mark.parametrize("asked", [1, 2, 7, 100])
def test_an_actor_pool_always_leaves_cpus_for_the_tasks_that_feed_it(cpus: int, asked: int) -> None:
    capacity = Capacity(cpus=cpus, gpus=0, node_cpus=min(cpus, 16))
    for plan in (plan_scorers(capacity, audit(scorers=asked, cpus_per_scorer=1)), plan_encoders(capacity)):
        assert plan.count >= 1
        assert plan.count * plan.cpus <= max(cpus - FEEDING, cpus / 2)
        assert 1 <= plan.threads <= capacity.node_cpus


def test_scorers_are_as_many_as_asked_for_where_they_fit() -> None:
    assert plan_scorers(FARM, audit(scorers=7, cpus_per_scorer=2)).count == 7
    assert plan_scorers(LAPTOP, audit(scorers=2, cpus_per_scorer=0.5)).count == 2


def test_a_gpu_where_there_is_none_is_refused_with_the_key_that_asks_for_it() -> None:
    for refused in (
        lambda: plan_training(LAPTOP, TrainSection(gpus_per_worker=1)),
        lambda: plan_scorers(LAPTOP, audit(gpus_per_scorer=0.5)),
    ):
        with pytest.raises(ConfigError, match=r"gpus_per_.* has no GPU"):
            refused()


def test_more_ranks_than_the_cluster_has_cpus_are_refused_instead_of_waiting() -> None:
    with pytest.raises(ConfigError, match=r"train\.workers 3"):
        plan_training(LAPTOP, TrainSection(workers=3, batch=30))
    with pytest.raises(ConfigError, match="on one node"):
        plan_training(FARM, TrainSection(workers=1, cpus_per_worker=17))


def test_a_batch_that_ranks_cannot_share_evenly_is_refused() -> None:
    with pytest.raises(ConfigError, match="multiple"):
        plan_training(LAPTOP, TrainSection(workers=2, batch=31))


def test_training_on_cpus_talks_gloo_and_on_gpus_nccl() -> None:
    assert plan_training(LAPTOP, TrainSection(workers=2)).backend == "gloo"
    assert plan_training(FARM, TrainSection(gpus_per_worker=1)).backend == "nccl"


def test_a_rank_computes_with_as_many_threads_as_it_has_cpus() -> None:
    assert plan_training(LAPTOP, TrainSection(workers=1)).threads == 1
    assert plan_training(LAPTOP, TrainSection(workers=1, cpus_per_worker=2)).threads == 2


def test_a_cluster_without_cpus_is_an_error() -> None:
    with pytest.raises(ClusterError):
        Capacity(cpus=0, gpus=0, node_cpus=0)
