"""The whole server: a process that joins a Ray, its replica, and HTTP over a real port."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest

from cluster import Session
from iirl_core.artifact import Artifact, load_from
from iirl_core.corpus import identity_of
from iirl_core.demonstration import Trajectory
from iirl_core.log import Event, entries, verify_chain
from iirl_core.observation import observations
from iirl_core.records import document_of
from jobs.serve import Server
from tests.iirl_core.artifact.samples import trajectory_draft, walks
from tests.serving.released import Released, free_port, released

pytestmark = pytest.mark.ray

TOKEN = "a token of this test"


@dataclass(frozen=True)
class Running:
    url: str
    bench: Released
    server: Server
    free: float
    """CPUs that were free before it started: other tests of the session may hold some."""

    @property
    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)


@pytest.fixture(scope="module")
def running(ray_session: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("served")
    bench = released(folder, trajectory_draft(), walks(20, seed=5), patched=True)
    (folder / "token").write_text(TOKEN + "\n")
    update = {"token_file": str(folder / "token"), "drift_window": 16, "drifted": 9}
    serve = bench.config.serve.model_copy(update=update)
    config = bench.config.model_copy(update={"serve": serve})
    import ray

    free = ray.available_resources()["CPU"]
    with Server(Session(bench.store), config) as server:
        yield Running(server.ready(), bench, server, free)


@pytest.fixture(scope="module")
def artifact(running: Running) -> Artifact:
    return load_from(running.bench.store, running.bench.digest)


def items(count: int, seed: int = 11) -> list[dict[str, object]]:
    return [dict(document_of(item)) for item in walks(count, seed)]


def test_what_drifted_from_the_demonstrations_lies_in_the_store_for_the_next_audit(running: Running) -> None:
    """Whatever was asked before: of two windows' worth of far ones one window at least is all far, and one that is
    shared and drifts, too, is mostly far.
    """
    far = [Trajectory([[9.0, 9.0, 9.0 + place]], [[-9.0]]) for place in range(32)]
    with running.client as client:
        client.post("/v1/rewards", json={"items": [document_of(item) for item in far]}).raise_for_status()
    deadline = time.monotonic() + 60  # they are written every few seconds
    while not (kept := list(observations(running.bench.store, running.bench.digest))):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert {one.reason for one in kept} == {"drift"}
    assert len(kept) == 9
    assert len({identity_of(one.input) for one in kept} & {identity_of(item) for item in far}) >= 5


def test_rewards_equal_what_the_core_alone_says_however_many_callers_there_are(
    running: Running, artifact: Artifact
) -> None:
    asked = items(24)
    expected = artifact.read(asked)

    def ask(start: int) -> list[dict[str, object]]:
        with running.client as client:
            response = client.post(
                "/v1/rewards", json={"model": "sample@production", "items": asked[start : start + 3]}
            )
        assert response.status_code == 200, response.text
        return list(response.json()["data"])

    with ThreadPoolExecutor(8) as callers:
        answers = [one for part in callers.map(ask, range(0, 24, 3)) for one in part]
    for answer, reading in zip(answers, expected, strict=True):
        assert answer["reward"] == pytest.approx(reading.reward, abs=1e-5)
        assert answer["step_rewards"] == pytest.approx(list(reading.step_rewards), abs=1e-5)
        assert answer["uncertainty"] == pytest.approx(reading.uncertainty, abs=1e-5)


def test_every_response_names_the_release_that_answered(running: Running) -> None:
    with running.client as client:
        response = client.post("/v1/rewards", json={"items": items(1)})
        missing = client.post("/v1/rewards", json={"items": [], "model": "other"})
    for one in (response, missing):
        assert one.headers["x-iirl-artifact-digest"] == running.bench.digest
        assert one.headers["x-iirl-artifact-version"] == "0.1.1"
        assert one.headers["x-iirl-release"] == running.bench.release.digest
    assert response.json()["artifact"]["release"] == running.bench.release.digest
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "unknown_model")


def test_the_models_are_listed_and_the_health_needs_no_token(running: Running) -> None:
    with running.client as client:
        (model,) = client.get("/v1/models").json()["data"]
    assert (model["id"], model["digest"]) == ("sample@production", running.bench.digest)
    assert httpx.get(f"{running.url}/health").json() == {"status": "ok", "digest": running.bench.digest}


def test_openrlhf_gets_its_lists_with_the_token_in_the_url(running: Running) -> None:
    url = f"{running.url.replace('http://', f'http://rm:{TOKEN}@')}/get_reward"
    empty = httpx.post(url, json={"query": [], "prompts": [], "labels": []}, timeout=60)
    assert (empty.status_code, empty.json()["rewards"], empty.json()["scores"]) == (200, [], [])
    text = httpx.post(url, json={"query": ["<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>"]})
    assert (text.status_code, text.json()["error"]["code"]) == (422, "invalid_item"), "this model reads trajectories"


def test_without_the_token_there_is_no_reward(running: Running) -> None:
    response = httpx.post(f"{running.url}/v1/rewards", json={"items": items(1)}, timeout=60)
    assert (response.status_code, response.json()["error"]["code"]) == (401, "unauthorized")


def test_bad_requests_are_told_apart_over_http_too(running: Running) -> None:
    with running.client as client:
        codes = {
            name: client.post("/v1/rewards", content=body).status_code
            for name, body in {
                "json": b"{",
                "nan": b'{"items": [{"observations": [[NaN, 0, 0]], "actions": [[0]]}]}',
                "dimension": b'{"items": [{"observations": [[0.5]]}]}',
                "large": b"[" + b" " * (16 * 2**20) + b"]",
            }.items()
        }
    assert codes == {"json": 400, "nan": 422, "dimension": 422, "large": 413}


def test_a_second_server_on_the_port_is_refused_while_the_first_answers_on(
    running: Running, capfd: pytest.CaptureFixture[str]
) -> None:
    second = Server(Session(running.bench.store), running.server.config)
    assert second.wait() == 2
    second.stop()
    error = capfd.readouterr().err
    assert error.startswith("iirl: 127.0.0.1:")
    assert error.count("\n") == 1
    assert httpx.get(f"{running.url}/health").status_code == 200


def test_a_second_server_on_the_ray_is_refused_on_any_port_while_the_first_answers_on(
    running: Running, capfd: pytest.CaptureFixture[str]
) -> None:
    config = running.server.config
    elsewhere = config.model_copy(update={"serve": config.serve.model_copy(update={"port": free_port()})})
    second = Server(Session(running.bench.store), elsewhere)
    assert second.wait() == 2
    second.stop()
    error = capfd.readouterr().err
    assert error.startswith("iirl: Ray Serve already runs on this Ray (iirl)")
    assert error.count("\n") == 1
    with running.client as client:
        assert client.post("/v1/rewards", json={"items": items(1)}).status_code == 200


def test_that_it_is_served_is_logged_once(running: Running) -> None:
    store, release = running.bench.store, running.bench.release
    events = [entry.event for entry in entries(store) if entry.event.kind == "serve"]
    details = (("channel", "production"), ("release", release.digest))
    assert events == [Event("serve", running.bench.digest, "sample", details=details)]
    verify_chain(store)


def test_a_trajectory_off_the_path_is_blocked_and_delivers_nothing(running: Running) -> None:
    far = document_of(Trajectory([[9.0, 9.0, 9.0]], [[-9.0]]))
    with running.client as client:
        (answer,) = client.post("/v1/rewards", json={"items": [far]}).json()["data"]
    assert (answer["action"], answer["delivered"], answer["delivered_steps"]) == ("block", 0.0, [0.0])
    assert answer["reasons"]


def test_it_stops_in_order_when_asked_to_and_leaves_the_port_and_the_ray_free(running: Running) -> None:
    import ray

    assert running.server.stop() == 0
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", running.bench.config.serve.port))
    assert ray.is_initialized()
    deadline = time.monotonic() + 20  # Ray counts what it has free only now and then
    while ray.available_resources().get("CPU", 0.0) < running.free:
        assert time.monotonic() < deadline, ray.available_resources()
        time.sleep(0.2)
