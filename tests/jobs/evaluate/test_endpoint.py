"""Golden scores over HTTP: asked of our own server's application, and of servers that misbehave."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from iirl_core.config.suites import GoldenEndpointSection
from iirl_core.demonstration import conversation
from iirl_core.errors import ClusterError, ConfigError
from jobs.evaluate.endpoint import Endpoint
from serving.access import digest_token
from serving.batching import Batcher
from serving.door import Door, Limits
from serving.observer import Observer
from serving.web import make_app
from tests.jobs.evaluate.answering import answering, rewards
from tests.serving.released import free_port
from tests.serving.scores import SERVED, read, watch

TOKEN = "a token of this test"
ITEMS = [conversation("Open?", "Until six."), conversation("Open?", "Yes, " * 40)]


def endpoint(port: int, variable: str | None = None, model: str | None = None) -> Endpoint:
    return Endpoint(GoldenEndpointSection(url=f"http://127.0.0.1:{port}/", token_variable=variable, model=model))


@contextmanager
def ours() -> Iterator[int]:
    """Our own application on a port, with a token."""
    batcher, port = Batcher(read, batch=8, wait_seconds=0), free_port()
    door = Door(digest_token(TOKEN), Limits(items=8, body_bytes=65536, requests=8))
    app = make_app(SERVED, batcher, door, Observer(list, watch(), {}, print))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            threading.Event().wait(0.01)
        yield port
    finally:
        server.should_exit = True
        thread.join()
        batcher.close()


def test_our_own_server_is_asked_with_the_token_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLDEN_TOKEN", TOKEN)
    with ours() as port:
        found = endpoint(port, "GOLDEN_TOKEN").rewards(ITEMS)
        assert found.tolist() == [0.1, 1.0], "the long one is truncated, not refused"
        with pytest.raises(ConfigError, match=r"answered 404 .*unknown_model"):
            endpoint(port, "GOLDEN_TOKEN", "another").rewards(ITEMS)


def test_a_token_that_is_refused_is_said_by_the_name_of_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLDEN_TOKEN", "wrong-one")
    with ours() as port:
        with pytest.raises(ConfigError, match=r"refused us \(401\); expected the token in GOLDEN_TOKEN") as caught:
            endpoint(port, "GOLDEN_TOKEN").rewards(ITEMS)
        assert "wrong-one" not in str(caught.value)
        with pytest.raises(ConfigError, match=r"expected golden.token_variable"):
            endpoint(port).rewards(ITEMS)


def test_a_variable_that_is_not_set_is_refused_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOLDEN_TOKEN", raising=False)
    with pytest.raises(ConfigError, match="GOLDEN_TOKEN is not set"):
        endpoint(1, "GOLDEN_TOKEN")


def test_it_waits_as_long_as_an_overloaded_server_asks() -> None:
    busy = (503, {"retry-after": "0"}, b"")
    with answering(busy, busy, (200, {}, rewards(0.5, 0.25))) as (port, sent):
        assert endpoint(port).rewards(ITEMS).tolist() == [0.5, 0.25]
        assert len(sent) == 3
    with answering(busy) as (port, _), pytest.raises(ClusterError, match="answered 503"):
        endpoint(port).rewards(ITEMS)


def test_a_redirection_is_not_followed_so_the_token_goes_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLDEN_TOKEN", TOKEN)
    with answering((200, {}, rewards(0.5, 0.5))) as (elsewhere, theirs):
        location = {"location": f"http://127.0.0.1:{elsewhere}/v1/rewards"}
        with answering((307, location, b"")) as (port, sent), pytest.raises(ClusterError, match="answered 307"):
            endpoint(port, "GOLDEN_TOKEN").rewards(ITEMS)
        assert sent[0]["authorization"] == f"Bearer {TOKEN}"
        assert theirs == []


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b'{"data": 1}', rewards(0.5), rewards(0.5, None), rewards(0.5, float("nan"))]
)
def test_anything_but_a_finite_reward_for_each_item_is_an_error(body: bytes) -> None:
    with answering((200, {}, body)) as (port, _), pytest.raises(ClusterError, match=f"{port}/v1/rewards answered"):
        endpoint(port).rewards(ITEMS)


def test_nobody_there_is_one_line() -> None:
    with pytest.raises(ClusterError, match="does not answer"):
        endpoint(free_port()).rewards(ITEMS)
