"""Scores of real models: equal to what the core alone says, whatever else is in the batch and however it was asked."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from iirl_core.artifact import load_from
from iirl_core.demonstration import Input, Trajectory, conversation
from iirl_core.drift import drift_of
from iirl_core.enforcement import enforce
from iirl_core.errors import InputError
from iirl_core.reading import Action
from serving.admission import admit, known_good_floor, pin_release
from serving.batching import Batcher
from serving.door import Door, Limits
from serving.observer import Observer
from serving.web import make_app
from tests.iirl_core.artifact.samples import text_draft, trajectory_draft, walks
from tests.serving.released import Released, released
from tests.serving.scores import watch

FAR = Trajectory(np.full((3, 3), 9.0, np.float32), np.full((3, 1), -9.0, np.float32))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Released:
    return released(tmp_path_factory.mktemp("walks"), trajectory_draft(), walks(20, seed=5), patched=True)


def test_a_score_is_the_cores_reading_judged_under_the_release_whatever_the_batch(bench: Released) -> None:
    artifact = load_from(bench.store, bench.digest)
    scorer = admit(pin_release(bench.config))
    inputs: list[Input] = [*walks(6, seed=7), FAR]
    thresholds = bench.release.predicate.thresholds
    for item, batched in zip(inputs, scorer.score(inputs), strict=True):
        (alone,) = scorer.score([item])
        (reading,) = artifact.read([item])
        assert batched.reading.signal == pytest.approx(reading.signal, abs=1e-5)
        assert alone.reading == reading
        assert alone.coverage_uncertainty == pytest.approx(batched.coverage_uncertainty, abs=1e-6)
        enforced = enforce(reading, alone.coverage_uncertainty, thresholds, known_good_floor(artifact))
        assert (alone.action, alone.delivered, alone.reasons) == enforced
        assert scorer.served.known_good == known_good_floor(artifact)
        assert (alone.digest, alone.release) == (bench.digest, bench.release.digest)


def test_where_nobody_audited_is_uncertain_and_the_worst_step_counts(bench: Released) -> None:
    scorer = admit(pin_release(bench.config))
    near = Trajectory([[0.1, 0.01, 5.0], [0.2, 0.04, 5.0]], [[-0.1], [-0.2]])
    mixed = Trajectory([*near.observations, *FAR.observations], [[-0.1], [-0.2], [-9.0], [-9.0], [-9.0]])
    first, second, third = scorer.score([near, FAR, mixed])
    assert first.coverage_uncertainty < 0.9
    assert second.coverage_uncertainty == third.coverage_uncertainty == 1.0
    assert first.action is Action.ALLOW
    assert second.action is Action.BLOCK
    assert second.delivered == 0.0


def test_drift_is_measured_on_one_step_of_each_input_beside_the_guard_set(bench: Released) -> None:
    artifact, scorer = load_from(bench.store, bench.digest), admit(pin_release(bench.config))
    guard = artifact.model.rows(artifact.guard.z).support_distance
    assert scorer.guard_distances.tolist() == pytest.approx(guard.tolist(), abs=1e-6)
    inputs = walks(6, seed=7)
    for item, score in zip(inputs, scorer.score(inputs), strict=True):
        steps = artifact.model.rows(artifact.model.encoder.encode([item]).z).support_distance
        assert min(abs(score.drawn_distance - float(one)) for one in steps) < 1e-6
        assert scorer.score([item])[0].drawn_distance == pytest.approx(score.drawn_distance, abs=1e-6)
    drawn = np.array([score.drawn_distance for score in scorer.score(walks(64, seed=8))])
    away = np.array([score.drawn_distance for score in scorer.score([FAR] * 64)])
    assert not drift_of(drawn, scorer.guard_distances, 1, 0.01).found
    assert drift_of(away, scorer.guard_distances, 1, 0.01).found


def test_nothing_is_scored_as_nothing(bench: Released) -> None:
    assert admit(pin_release(bench.config)).score([]) == []


def test_an_input_of_another_dimension_is_refused(bench: Released) -> None:
    with pytest.raises(InputError):
        admit(pin_release(bench.config)).score([Trajectory(np.zeros((2, 7), np.float32))])


PROMPT = "Can you help me with the bus?"
ANSWER = "Of course, I am glad to help with the bus."
CHATML = f"<|im_start|>user\n{PROMPT}<|im_end|>\n<|im_start|>assistant\n"


def test_one_conversation_has_one_reward_through_every_dialect_and_none_is_truncated_in_silence(tmp_path: Path) -> None:
    bench = released(tmp_path, text_draft(), [conversation(PROMPT, ANSWER), conversation("Is it open?", "Until six.")])
    (expected,) = load_from(bench.store, bench.digest).read([{"prompt": PROMPT, "response": ANSWER}])
    items = [
        {"messages": [{"role": "user", "content": PROMPT}, {"role": "assistant", "content": ANSWER}]},
        {"prompt": PROMPT, "response": ANSWER},
        {"text": f"{CHATML}{ANSWER}<|im_end|>\n"},
        {"text": f"<s>[INST] {PROMPT} [/INST] {ANSWER}</s>"},
    ]
    query = {"query": [f"{CHATML}{ANSWER}<|im_end|>\n<|endoftext|>"], "prompts": [CHATML], "labels": [None]}
    long = {"items": [{"prompt": PROMPT, "response": "bus " * 400}]}
    native, openrlhf, refused, allowed = _ask(
        bench, ("/v1/rewards", {"items": items}), ("/get_reward", query), ("/v1/rewards", long),
        ("/v1/rewards", {**long, "truncate": "allow"}),
    )  # fmt: skip
    assert [one["reward"] for one in native.json()["data"]] == pytest.approx([expected.reward] * 4, abs=1e-6)
    assert openrlhf.json()["rewards"] == pytest.approx([native.json()["data"][0]["delivered"]], abs=1e-6)
    assert native.json()["data"][0]["tokens"] == {"count": expected.tokens.count, "truncated": False}  # type: ignore[union-attr]
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "truncated")
    assert allowed.json()["data"][0]["tokens"]["truncated"]


def _ask(bench: Released, *requests: tuple[str, Any]) -> list[httpx.Response]:
    async def run() -> list[httpx.Response]:
        scorer = admit(pin_release(bench.config))
        batcher = Batcher(scorer.score, batch=8, wait_seconds=0.01)
        app = make_app(scorer.served, batcher, Door(None, Limits(16, 2**16, 16)), Observer(list, watch(), {}, print))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://rewards") as client:
            responses = await asyncio.gather(*(client.post(path, json=body) for path, body in requests))
        batcher.close()
        return list(responses)

    return asyncio.run(run())
