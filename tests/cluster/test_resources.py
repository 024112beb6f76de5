"""Plans leave CPUs for what feeds them, and refuse what would wait for ever."""

from __future__ import annotations

import pytest

from cluster.capacity import Capacity, Node
from cluster.resources import (
    ASKING,
    FEEDING,
    ActorPlan,
    check_replicas,
    plan_encoders,
    plan_samplers,
    plan_scorers,
    plan_training,
)
from iirl_core.config.governance import AuditSection, ServeSection
from iirl_core.config.sampling import SampleSection
from iirl_core.config.training import TrainSection
from iirl_core.errors import ClusterError, ConfigError


def nodes(*cpus: float, gpus: float = 0) -> Capacity:
    return Capacity(tuple(Node(one, gpus) for one in cpus))


LAPTOP = nodes(2)
FARM = nodes(16, 16, 16, 16, gpus=1)


def audit(**changes: float) -> AuditSection:
    return AuditSection.model_validate({"probes": {"far": 10}, **changes})


def sampling(**changes: float | str) -> SampleSection:
    return SampleSection.model_validate({"name": "answers", "model": "untrained", "prompts": "asked", **changes})


def worst_free(capacity: Capacity, plan: ActorPlan) -> float:
    """CPUs of the node that keeps most, in the placement that is worst for it; -1 where not all actors can be placed
    (seen by trying every placement).
    """

    def place(free: tuple[float, ...], left: int) -> float:
        if not left:
            return max(free)
        fitting = [index for index, cpus in enumerate(free) if cpus + 1e-9 >= plan.cpus]
        if not fitting:
            return -1
        return min(
            place((*free[:index], free[index] - plan.cpus, *free[index + 1 :]), left - 1)
            for index in {free[one]: one for one in fitting}.values()
        )

    return place(tuple(sorted(node.cpus for node in capacity.nodes)), plan.count)


@pytest.mark.parametrize("each", [0.1, 0.5, 1, 2])
@pytest.mark.parametrize("asked", [1, 2, 7])
@pytest.mark.parametrize(
    "capacity",
    [nodes(1), nodes(2), nodes(3), nodes(4), nodes(1, 1), nodes(0, 1), nodes(1, 2), nodes(3, 3, 3), nodes(0, 4, 4)],
    ids=lambda capacity: "-".join(f"{node.cpus:g}" for node in capacity.nodes),
)
def test_an_actor_pool_fits_and_leaves_a_node_that_feeds_it_wherever_it_is_placed(
    capacity: Capacity, asked: int, each: float
) -> None:
    scorers = plan_scorers(capacity, audit(scorers=asked, cpus_per_scorer=each))
    asking = min(FEEDING, ASKING * scorers.count)
    for plan, feeding in ((scorers, asking), (plan_encoders(capacity, TrainSection()), FEEDING)):
        assert plan.count >= 1
        assert worst_free(capacity, plan) >= feeding - 1e-9, plan
        assert 1 <= plan.threads <= capacity.node_cpus


def test_encoders_take_what_a_farm_has_but_for_one_task() -> None:
    assert plan_encoders(FARM, TrainSection()) == ActorPlan(15, 4.0, 0.0, 4)
    assert plan_encoders(LAPTOP, TrainSection()) == ActorPlan(1, 1.0, 0.0, 2)


def test_encoders_take_the_gpus_that_training_will_have() -> None:
    section = TrainSection(workers=2, gpus_per_worker=1)
    assert plan_encoders(FARM, section) == ActorPlan(2, 4.0, 1.0, 16)
    with pytest.raises(ConfigError, match="no GPU"):
        plan_encoders(LAPTOP, section)


def test_the_gpus_of_the_ranks_are_shared_by_as_many_encoders_as_fit_however_they_are_rounded() -> None:
    assert int(7 / 0.28) == 24
    section = TrainSection(workers=7, gpus_per_worker=1, gpus_per_encoder=0.28)
    assert plan_encoders(Capacity((Node(128, 8),)), section).count == 25


def test_an_encoder_may_take_several_gpus_or_have_some_where_training_has_none() -> None:
    section = TrainSection(workers=2, gpus_per_worker=1, gpus_per_encoder=2)
    assert plan_encoders(Capacity((Node(32, 4), Node(32, 4))), section) == ActorPlan(1, 4.0, 2.0, 32)
    section = TrainSection(gpus_per_encoder=2)
    assert plan_encoders(Capacity((Node(32, 4), Node(32, 4))), section) == ActorPlan(4, 4.0, 2.0, 16)
    with pytest.raises(ConfigError, match=r"train\.gpus_per_encoder 2 for 1, but the cluster has .* 1 GPUs"):
        plan_encoders(Capacity((Node(32, 1), Node(32, 1))), section)


def test_a_cluster_that_can_feed_nothing_is_refused_in_one_line() -> None:
    with pytest.raises(ClusterError, match=r"no node has 1 CPU .* 2 nodes, each of at most 0\.5 CPUs"):
        plan_encoders(nodes(0.5, 0.5), TrainSection())
    with pytest.raises(ClusterError, match=r"no node has 0\.02 CPU .* 2 nodes, each of at most 0\.01 CPUs"):
        plan_scorers(nodes(0.01, 0.01), audit(scorers=2, cpus_per_scorer=0.005))


def test_scorers_that_need_a_node_each_are_no_more_than_nodes() -> None:
    assert plan_scorers(nodes(3, 3, 3), audit(scorers=9, cpus_per_scorer=2)).count == 3
    assert plan_scorers(FARM, audit(scorers=9, cpus_per_scorer=1, gpus_per_scorer=1)).count == 4


def test_every_node_has_a_scorer_that_takes_nearly_all_of_it() -> None:
    """What asks them only waits: it takes no core from them."""
    assert plan_scorers(nodes(1, 1), audit(scorers=2, cpus_per_scorer=0.9)) == ActorPlan(2, 0.9, 0.0, 1)
    assert plan_scorers(nodes(16, 16), audit(scorers=2, cpus_per_scorer=15.5)).count == 2
    whole = plan_scorers(nodes(1, 1), audit(scorers=2, cpus_per_scorer=1))
    assert (whole.count, whole.cpus) == (2, pytest.approx(0.98))
    assert plan_scorers(nodes(1), audit(scorers=99, cpus_per_scorer=0.1)).count == 9, "kept for those that fit"


def test_scorers_are_as_many_as_asked_for_where_they_fit() -> None:
    assert plan_scorers(FARM, audit(scorers=7, cpus_per_scorer=2)).count == 7
    assert plan_scorers(LAPTOP, audit(scorers=2, cpus_per_scorer=0.5)).count == 2


def test_samplers_are_as_many_as_asked_for_where_they_fit() -> None:
    assert plan_samplers(FARM, sampling(samplers=3, cpus_per_sampler=2)).count == 3
    assert plan_samplers(LAPTOP, sampling(samplers=9, cpus_per_sampler=0.5)).count < 9
    smaller = plan_samplers(nodes(4, 4), sampling(samplers=2, cpus_per_sampler=4))
    assert (smaller.count, smaller.cpus) == (2, 3.0), "two that leave a CPU each, and not one that takes a node"
    assert plan_samplers(FARM, sampling(samplers=2, gpus_per_sampler=1)).gpus == 1
    two = nodes(16, gpus=2)
    assert plan_samplers(two, sampling(gpus_per_sampler=1)).cpus == 1
    assert plan_samplers(two, sampling(gpus_per_sampler=2, engine="vllm")).cpus == 2


def test_an_engine_that_is_split_among_gpus_has_a_whole_cpu_or_is_refused() -> None:
    def plan(capacity: Capacity, **changes: float) -> ActorPlan:
        return plan_samplers(capacity, sampling(gpus_per_sampler=2, engine="vllm", **changes))

    assert plan(nodes(2, gpus=2)) == ActorPlan(1, 1.0, 2.0, 2)
    assert plan(nodes(2.5, gpus=2)).cpus == 1.5
    assert plan(nodes(4, gpus=4), samplers=2) == ActorPlan(2, 1.0, 2.0, 2), "two small ones rather than one"
    assert plan(Capacity((Node(16), Node(1, 2)))) == ActorPlan(1, 1.0, 2.0, 16), "another node feeds it"
    for small in (nodes(1, gpus=2), nodes(1.9, gpus=2), Capacity((Node(16), Node(0.5, 2)))):
        with pytest.raises(ClusterError, match=r"no node has 1 CPU beside 2 GPUs, and 1 to feed them with: "):
            plan(small)


def test_a_gpu_where_there_is_none_is_refused_with_the_key_that_asks_for_it() -> None:
    for refused in (
        lambda: plan_training(LAPTOP, TrainSection(gpus_per_worker=1)),
        lambda: plan_scorers(LAPTOP, audit(gpus_per_scorer=0.5)),
        lambda: plan_samplers(LAPTOP, sampling(gpus_per_sampler=0.5)),
        lambda: check_replicas(LAPTOP, ServeSection(gpus_per_replica=1)),
    ):
        with pytest.raises(ConfigError, match=r"(\S*gpus_per_\S*) .* has no GPU.*Leave \1 out"):
            refused()


def test_ranks_that_do_not_fit_are_refused_with_the_key_of_their_section() -> None:
    for wrong in (TrainSection(gpus_per_worker=1), TrainSection(workers=64), TrainSection(workers=2, batch=31)):
        with pytest.raises(ConfigError, match=r"^imitate\.train\.") as refused:
            plan_training(LAPTOP, wrong, "imitate.train")
        assert " train." not in str(refused.value)


def test_replicas_that_fit_on_no_node_are_refused_instead_of_waited_for() -> None:
    check_replicas(nodes(4, 4), ServeSection(replicas=2, cpus_per_replica=4))
    with pytest.raises(ConfigError, match=r"serve\.replicas 1 of 5 CPUs each; expected at most 0: 2 nodes"):
        check_replicas(nodes(4, 4), ServeSection(cpus_per_replica=5))
    with pytest.raises(ConfigError, match=r"serve\.replicas 3 of 4 CPUs each; expected at most 2"):
        check_replicas(nodes(4, 4), ServeSection(replicas=3, cpus_per_replica=4))
    with pytest.raises(ConfigError, match=r"serve\.gpus_per_replica 1 for 5, but the cluster has 4 nodes"):
        check_replicas(FARM, ServeSection(replicas=5, gpus_per_replica=1))


def test_gpus_of_two_nodes_do_not_make_one_worker() -> None:
    with pytest.raises(ConfigError, match=r"gpus_per_scorer 2 for 1, but the cluster has 4 nodes, each of at most"):
        plan_scorers(FARM, audit(gpus_per_scorer=2))
    with pytest.raises(ConfigError, match=r"train\.workers 2 of 9 CPUs and 1 GPUs each; expected at most 1"):
        plan_training(
            Capacity((Node(16, 1), Node(8, 1))), TrainSection(workers=2, cpus_per_worker=9, gpus_per_worker=1)
        )


@pytest.mark.parametrize(
    ("capacity", "workers", "each", "room"),
    [(LAPTOP, 3, 1, 2), (FARM, 1, 17, 0), (nodes(3, 3), 3, 2, 2), (nodes(0.3), 4, 0.1, 3), (nodes(0, 5), 3, 2, 2)],
)
def test_more_ranks_than_the_nodes_have_room_for_are_refused_instead_of_waiting(
    capacity: Capacity, workers: int, each: float, room: int
) -> None:
    with pytest.raises(ConfigError, match=rf"train\.workers {workers} of .* expected at most {room}:"):
        plan_training(capacity, TrainSection(workers=workers, cpus_per_worker=each, batch=workers * 8))
    if room:
        assert plan_training(capacity, TrainSection(workers=room, cpus_per_worker=each, batch=room * 8)).workers == room


def test_a_batch_that_ranks_cannot_share_evenly_is_refused() -> None:
    with pytest.raises(ConfigError, match="multiple"):
        plan_training(LAPTOP, TrainSection(workers=2, batch=31))
    with pytest.raises(ConfigError, match="in 3 parts each"):
        plan_training(LAPTOP, TrainSection(workers=2, batch=32, accumulation=3))


def test_training_on_cpus_talks_gloo_and_on_gpus_nccl() -> None:
    assert plan_training(LAPTOP, TrainSection(workers=2)).backend == "gloo"
    assert plan_training(FARM, TrainSection(gpus_per_worker=1)).backend == "nccl"


def test_a_rank_computes_with_as_many_threads_as_it_has_cpus() -> None:
    assert plan_training(LAPTOP, TrainSection(workers=1)).threads == 1
    assert plan_training(LAPTOP, TrainSection(workers=1, cpus_per_worker=2)).threads == 2


@pytest.mark.parametrize("none", [(), (Node(0),)])
def test_a_cluster_without_cpus_is_an_error(none: tuple[Node, ...]) -> None:
    with pytest.raises(ClusterError, match="no CPU"):
        Capacity(none)
