"""What surrounds the engine; and where vLLM is installed, the engine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import pytest
from ray.exceptions import RayError
from ray.llm._internal.batch.stages.base import StatefulStageUDF

from cluster import streaming
from cluster.apart import stream_apart
from cluster.failure import failure_of
from cluster.groups import in_a_group
from cluster.resources import ActorPlan
from iirl_core.config.sampling import SampleSection
from iirl_core.corpus import read_corpus
from iirl_core.demonstration import Conversation
from jobs.sample import vllm_engine
from jobs.sample.task import SampleTask
from jobs.sample.vllm_engine import SEEDS, Asking
from jobs.sample.vllm_place import bundles_of
from tests.iirl_core.policy.tiny import tiny_policy
from tests.jobs.sample.sampled import ASKED, PROMPTS, asking_in, config_of, context_of, run, with_prompts

WITH_VLLM = find_spec("vllm") is not None

SECONDS = 600
"""Where GPUs stay taken, the next engine would wait for ever."""


@pytest.fixture
def asking(tmp_path: Path) -> Asking:
    return asking_in(tmp_path)


def test_each_answer_is_asked_for_by_its_tokens_and_with_a_seed_of_its_own(asking: Asking) -> None:
    rows = asking.asked({"chunk": 0})
    assert [(row["place"], row["number"]) for row in rows] == [(0, 0), (0, 1)]
    columns = [asking.prompt(row) for row in rows]
    assert columns[0]["tokenized_prompt"] == list(asking.reader.rendering.prompt(PROMPTS[0]))
    sampling = [column["sampling_params"] for column in columns]
    assert all(isinstance(one, dict) and 0 <= one["seed"] < SEEDS for one in sampling)
    assert sampling[0] != sampling[1]
    assert isinstance(sampling[0], dict)
    assert (sampling[0]["temperature"], sampling[0]["max_tokens"], sampling[0]["detokenize"]) == (0.7, 8, False)


def test_prompts_without_room_for_an_answer_are_not_asked(asking: Asking) -> None:
    refused = asking.refused({"chunk": 0})
    assert [(row["prompt"], row["number"], row["text"]) for row in refused] == [(1, 0, None), (1, 1, None)]
    assert "together" in str(refused[0]["reason"])


@pytest.mark.parametrize(("ended", "cut"), [(True, False), (False, True)])
def test_tokens_that_come_back_are_an_answer(asking: Asking, ended: bool, cut: bool) -> None:
    tokenizer = asking.reader.rendering.tokenizer
    ids = tokenizer("Till six", add_special_tokens=False)["input_ids"]
    row = {**asking.asked({"chunk": 0})[1], "generated_tokens": [*ids, tokenizer.eos_token_id] if ended else ids}
    assert asking.answer(row) == {
        "chunk": 0,
        "prompt": 0,
        "number": 1,
        "text": "Till six",
        "cut": cut,
        "reason": None,
    }


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_policy("llama", tmp_path_factory.mktemp("policy") / "untrained", heads=1)


@pytest.mark.ray
@pytest.mark.skipif(not WITH_VLLM, reason="needs vLLM, see CONTRIBUTING.md")
def test_vllm_writes_what_transformers_does_where_nothing_is_drawn(
    policy: str, tmp_path: Path, ray_session: None
) -> None:
    ours, theirs = (answers_by(engine, policy, tmp_path / engine, temperature=0) for engine in ("transformers", "vllm"))
    assert len(ours) == 2 * ASKED
    assert theirs == ours


@pytest.mark.ray
@pytest.mark.skipif(not WITH_VLLM, reason="needs vLLM, see CONTRIBUTING.md")
def test_vllm_draws_the_same_answers_again_and_several_to_a_prompt(
    policy: str, tmp_path: Path, ray_session: None
) -> None:
    first, second = (answers_by("vllm", policy, tmp_path / name, samplers=2) for name in ("first", "second"))
    assert first == second
    assert len({text for _, text in first}) > ASKED


def answers_by(engine: str, policy: str, folder: Path, **changes: object) -> list[tuple[str, str]]:
    """In order: each prompt with what was answered, two to a prompt."""
    store = with_prompts(folder)
    run(store, config_of(policy, engine=engine, **changes))
    rows = read_corpus(store, "answers").demonstrations()
    return sorted((repr(context_of(one)), cast(Conversation, one.input).answer) for one in rows)


class DyingEngine(StatefulStageUDF):  # type: ignore[misc]
    """In the engine's place: its process ends while it starts, as where a kernel does not fit the GPU."""

    def __init__(self, *arguments: object, **named: object) -> None:
        os._exit(1)


def answers_of_dying(task: SampleTask) -> Iterator[object]:
    """The whole pipeline around it, in a process of its own; it may be started again once."""
    processor_of = vllm_engine.processor_of
    streaming.RESTARTS = vllm_engine.RESTARTS = 1

    def dying(*arguments: Any) -> object:
        made = processor_of(*arguments)
        (stage,) = made.stages.values()
        stage.__dict__["fn"] = DyingEngine
        return made

    vllm_engine.processor_of = dying  # type: ignore[assignment]
    with streaming.streaming():
        yield from vllm_engine.by_vllm(task, ActorPlan(1, 0.5, 0.0, 1), [0])


@pytest.mark.ray
def test_an_engine_has_as_many_batches_under_way_as_the_configuration_says(asking: Asking, ray_session: None) -> None:
    assert "up to eight batches" in str(SampleSection.model_fields["batch"].description)
    processor = vllm_engine.processor_of(asking, ActorPlan(1, 0.5, 0.0, 1))
    (stage,) = processor.stages.values()
    assert processor.config.batch_size == asking.task.section.batch
    assert stage.map_batches_kwargs["max_concurrency"] == 8


@pytest.mark.slow
@pytest.mark.ray
def test_an_engine_that_dies_at_every_start_is_given_up(asking: Asking, ray_session: None) -> None:
    with pytest.raises(RayError) as caught:
        list(stream_apart(partial(answers_of_dying, asking.task)))
    assert "what computes died 2 times" in str(failure_of(caught.value, "sampling"))


@pytest.mark.ray
def test_a_split_engine_lives_in_a_group_that_is_found_again(asking: Asking, ray_session: None) -> None:
    plan = ActorPlan(3, 2.0, 2.0, 2)
    (stage,) = vllm_engine.processor_of(asking, plan).stages.values()
    assert stage.fn_constructor_kwargs["engine_kwargs"]["tensor_parallel_size"] == 2
    made = stage.map_batches_kwargs["ray_remote_args_fn"]
    assert (made.func, made.args) == (in_a_group, (vllm_engine.GROUPS, bundles_of(plan)))
    pool = stage.map_batches_kwargs["compute"]
    assert (pool.min_size, pool.max_size) == (3, 3), "none is given up on the way, and its group left"


@pytest.mark.slow
@pytest.mark.ray
def test_gpus_of_a_split_engine_are_free_again_when_its_process_is_lost_and_when_it_is_done(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.jobs.sample.splitting", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("answers")] == 2 * ["answers 4"]
    assert (tmp_path / "lost").exists()
