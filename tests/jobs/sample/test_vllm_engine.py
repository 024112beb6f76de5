"""What surrounds the engine; and where vLLM is installed, the engine."""

from __future__ import annotations

import os
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
from cluster.resources import ActorPlan
from iirl_core.canonical import Digest
from iirl_core.config.sampling import SampleSection
from iirl_core.corpus import identity_of, read_corpus, write_corpus
from iirl_core.demonstration import Conversation, Demonstration, conversation
from iirl_core.policy.source import find_policy
from iirl_core.store import DirectoryStore
from jobs.sample import vllm_engine
from jobs.sample.chunks import Chunks
from jobs.sample.task import SampleTask
from jobs.sample.vllm_engine import SEEDS, Asking
from tests.iirl_core.policy.tiny import tiny_policy
from tests.jobs.sample.sampled import ASKED, config_of, context_of, run, with_prompts

WITH_VLLM = find_spec("vllm") is not None

PROMPTS = [conversation("Is it open?", ""), conversation("word " * 60, "")]


@pytest.fixture
def asking(tmp_path: Path) -> Asking:
    store = DirectoryStore(tmp_path / "store")
    write_corpus(store, "asked", [Demonstration(identity_of(item), item, "asked", "train") for item in PROMPTS])
    prompts = read_corpus(store, "asked")
    section = SampleSection(
        name="answers", model="llama", prompts="asked", per_prompt=2, max_new_tokens=8, temperature=0.7, engine="vllm"
    )
    policy = find_policy(store, tiny_policy("llama", tmp_path / "llama"))
    task = SampleTask(store.url, "run", section, policy, Digest(prompts.manifest.digest), seed=3)
    Chunks(store, task.folder).write_prompts(prompts, section.splits, None)
    return Asking(task, tmp_path / "llama")


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
def test_an_engine_that_dies_at_every_start_is_given_up(asking: Asking, ray_session: None) -> None:
    with pytest.raises(RayError) as caught:
        list(stream_apart(partial(answers_of_dying, asking.task)))
    assert "what computes died 2 times" in str(failure_of(caught.value, "sampling"))
