"""Over ASGI, without Ray: who may ask, how much, and what every response carries."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import httpx
import numpy as np
import pytest

from iirl_core.demonstration import Input, conversation
from iirl_core.observation import Observation
from iirl_core.reading import Action, Score
from serving.access import digest_token
from serving.batching import Batcher, Read
from serving.door import Door, Limits
from serving.observer import Observer
from serving.watch import Watch
from serving.web import make_app
from tests.serving.scores import SERVED, read, score, watch

LIMITS = Limits(items=4, body_bytes=4096, requests=8)
ITEM = {"prompt": "Open?", "response": "Until six."}


def ask_all(
    *requests: tuple[str, str, dict[str, Any]],
    token: str | None = None,
    limits: Limits = LIMITS,
    answering: Read = read,
    kept: list[Observation] | None = None,
    watching: Watch | None = None,
) -> list[httpx.Response]:
    """Send all at once to a fresh application; what it observed is in ``kept`` then."""
    kept = [] if kept is None else kept

    async def run() -> list[httpx.Response]:
        batcher = Batcher(answering, batch=8, wait_seconds=0)
        observer = Observer(
            kept.extend, watching or watch(window=8), {"escalated": 2, "drift": 2, "reported": 3}, print, every=60
        )
        app = make_app(SERVED, batcher, Door(digest_token(token) if token else None, limits), observer)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://rewards") as client:
                return list(await asyncio.gather(*(client.request(m, path, **kw) for m, path, kw in requests)))
        finally:
            batcher.close()
            observer.close()

    return asyncio.run(run())


def ask(method: str, path: str, token: str | None = None, answering: Read = read, **fields: Any) -> httpx.Response:
    return ask_all((method, path, fields), token=token, answering=answering)[0]


def rewards(*items: object, **fields: object) -> httpx.Response:
    return ask("POST", "/v1/rewards", json={"items": items, **fields})


def test_an_item_is_answered_with_its_score_and_the_release_in_the_headers() -> None:
    response = rewards(ITEM)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-iirl-artifact-digest"] == SERVED.digest
    assert response.headers["x-iirl-artifact-version"] == "1.2.3"
    assert response.headers["x-iirl-release"] == SERVED.release
    (data,) = response.json()["data"]
    assert (data["index"], data["reward"], data["action"]) == (0, 0.1, "allow")


def test_openrlhf_is_answered_on_its_own_path() -> None:
    response = ask("POST", "/get_reward", json={"query": ["Open? Until six."], "prompts": ["Open?"], "labels": [None]})
    assert response.status_code == 200
    assert response.json()["rewards"] == [0.1]


@pytest.mark.parametrize("name", ["portal@production", "portal", SERVED.digest])
def test_the_model_may_be_named_by_channel_name_or_digest(name: str) -> None:
    assert rewards(ITEM, model=name).status_code == 200


@pytest.mark.parametrize("name", ["portal@staging", "other", "sha256:" + "0" * 64, "", "portal@"])
def test_another_model_is_not_found(name: str) -> None:
    response = rewards(ITEM, model=name)
    assert response.status_code == 404
    error = response.json()["error"]
    assert error["code"] == "unknown_model"
    assert "portal@production" in error["message"]
    assert response.headers["x-iirl-artifact-digest"] == SERVED.digest


def test_text_that_is_too_long_is_refused_unless_truncation_is_allowed() -> None:
    long = {"prompt": "q", "response": "a" * 81}
    refused = rewards(ITEM, long)
    assert refused.status_code == 422
    assert refused.json()["error"]["code"] == "truncated"
    assert [detail["where"] for detail in refused.json()["error"]["details"]] == ["items.1"]
    allowed = rewards(ITEM, long, truncate="allow")
    assert [one["tokens"]["truncated"] for one in allowed.json()["data"]] == [False, True]
    query = {"query": ["q" + "a" * 81], "prompts": ["q"]}
    assert ask("POST", "/get_reward", json=query).status_code == 422
    assert ask("POST", "/get_reward?truncate=allow", json=query).status_code == 200


def test_an_item_that_the_model_cannot_read_is_named() -> None:
    response = rewards(ITEM, {"observations": [[1.0]]})
    assert response.status_code == 422
    assert response.json()["error"]["details"] == [
        {"where": "items.1", "message": "a trajectory; expected a conversation."}
    ]


def test_without_the_token_nothing_but_the_health_is_told() -> None:
    get, post = ("GET", "/v1/models", {}), ("POST", "/v1/rewards", {"json": {"items": [ITEM]}})
    bearer = {"headers": {"Authorization": "Bearer secret"}}
    described, nowhere = ("GET", "/openapi.json", {}), ("GET", "/nowhere", {})
    responses = ask_all(
        get, post, described, nowhere, ("GET", "/health", {}), ("GET", "/v1/models", bearer),
        ("GET", "/openapi.json", bearer), token="secret",
    )  # fmt: skip
    assert [response.status_code for response in responses] == [401, 401, 401, 404, 200, 200, 200]
    assert responses[0].headers["www-authenticate"].startswith("Bearer")
    assert responses[0].json()["error"]["code"] == "unauthorized"
    for refused in responses[:4]:
        assert not [name for name in refused.headers if name.startswith("x-iirl-")]
        for told in ("secret", "portal", SERVED.digest, SERVED.release, SERVED.version):
            assert told not in refused.text


def test_openrlhf_sends_the_token_in_its_url() -> None:
    fields = {"json": {"query": []}, "auth": ("rm", "secret")}
    basic, query, wrong = ask_all(
        ("POST", "/get_reward", fields),
        ("POST", "/get_reward?api_key=secret", {"json": {"query": []}}),
        ("POST", "/get_reward?api_key=guess", {"json": {"query": []}}),
        token="secret",
    )
    assert [basic.status_code, query.status_code, wrong.status_code] == [200, 200, 401]


def test_a_body_that_is_too_large_is_refused_whether_or_not_its_size_was_announced() -> None:
    body = b"[" + b"0," * LIMITS.body_bytes + b"0]"

    async def chunks() -> Any:
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    responses = ask_all(("POST", "/v1/rewards", {"content": body}), ("POST", "/v1/rewards", {"content": chunks()}))
    assert [response.status_code for response in responses] == [413, 413]
    assert responses[0].json()["error"]["code"] == "body_too_large"


def test_too_many_items_are_refused() -> None:
    assert rewards(*[ITEM] * 5).status_code == 413


def test_under_overload_some_are_told_when_to_come_back_and_the_others_are_answered() -> None:
    def slowly(inputs: Sequence[Input]) -> list[Score]:
        time.sleep(0.1)
        return read(inputs)

    request = ("POST", "/v1/rewards", {"json": {"items": [ITEM]}})
    responses = ask_all(*[request] * 20, limits=Limits(4, 4096, requests=8), answering=slowly)
    busy = [response for response in responses if response.status_code == 503]
    assert len(busy) == 12
    assert all(int(response.headers["retry-after"]) >= 1 for response in busy)
    assert busy[0].json()["error"]["code"] == "overloaded"
    assert [response.status_code for response in responses if response not in busy] == [200] * 8


def test_a_refused_request_leaves_room_for_the_next() -> None:
    bad = ("POST", "/v1/rewards", {"content": b"{"})
    good = ("POST", "/v1/rewards", {"json": {"items": [ITEM]}})

    async def one_after_the_other() -> list[int]:
        batcher = Batcher(read, 8, 0)
        app = make_app(SERVED, batcher, Door(None, Limits(4, 4096, requests=1)), Observer(list, watch(), {}, print))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://rewards") as client:
            codes = [(await client.request(m, path, **kw)).status_code for m, path, kw in [bad, good, bad, good]]
        batcher.close()
        return codes

    assert asyncio.run(one_after_the_other()) == [400, 200, 400, 200]


def test_a_failure_of_ours_is_a_500_without_its_insides() -> None:
    def broken(inputs: Sequence[Input]) -> list[Score]:
        raise ZeroDivisionError("a secret of ours")

    response = ask("POST", "/v1/rewards", answering=broken, json={"items": [ITEM]})
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal"
    assert "secret" not in response.text


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("GET", "/v1/rewards", 405)])
def test_other_pages_and_methods_are_refused_in_the_same_form(method: str, path: str, status: int) -> None:
    response = ask(method, path)
    assert response.status_code == status
    assert set(response.json()["error"]) == {"code", "message", "details"}


def test_the_models_list_names_the_one_that_is_served() -> None:
    (model,) = ask("GET", "/v1/models").json()["data"]
    assert (model["id"], model["object"]) == ("portal@production", "model")
    assert model["aliases"] == ["portal", SERVED.digest]
    assert model["audit"] == SERVED.audit


def test_the_description_of_the_api_resolves_every_reference() -> None:
    document = ask("GET", "/openapi.json").json()

    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [found for value in node.values() for found in references(value)]
        return [found for value in node for found in references(value)] if isinstance(node, list) else []

    names = {name.removeprefix("#/components/schemas/") for name in references(document)}
    assert {"RewardsRequest", "GetRewardRequest", "RewardsResponse"} <= names
    assert names <= set(document["components"]["schemas"])


def test_a_report_is_kept_with_its_reason_for_the_next_audit() -> None:
    kept: list[Observation] = []
    body = {"items": [ITEM, {"prompt": "Late?", "response": "Yes!!!"}], "reason": "exclamation marks pay"}
    (response,) = ask_all(("POST", "/v1/reports", {"json": body}), kept=kept)
    assert (response.status_code, response.json()) == (200, {"kept": 2})
    assert [(one.reason, one.note) for one in kept] == [("reported", "exclamation marks pay")] * 2
    assert kept[1].input == conversation("Late?", "Yes!!!")


def test_a_report_that_no_audit_could_read_is_refused() -> None:
    kept: list[Observation] = []
    unreadable = {"items": [{"prompt": "Open?", "response": "?"}], "reason": "odd"}
    without_reason = {"items": [ITEM], "reason": ""}
    first, second = (("POST", "/v1/reports", {"json": body}) for body in (unreadable, without_reason))
    assert [response.status_code for response in ask_all(first, second, kept=kept)] == [422, 422]
    assert kept == []


def test_strangers_report_nothing() -> None:
    assert ask("POST", "/v1/reports", token="secret", json={"items": [ITEM], "reason": "odd"}).status_code == 401


def test_escalated_inputs_are_kept_as_many_a_minute_as_the_configuration_says() -> None:
    def doubting(inputs: Sequence[Input]) -> list[Score]:
        return [score(action=Action.ESCALATE, reasons=("coverage",)) for _ in inputs]

    kept: list[Observation] = []
    ask_all(("POST", "/v1/rewards", {"json": {"items": [ITEM] * 4}}), answering=doubting, kept=kept)
    assert [(one.reason, one.note) for one in kept] == [("escalated", "coverage")] * 2


def test_of_requests_that_drift_the_farthest_are_kept_for_the_next_audit() -> None:
    def far(inputs: Sequence[Input]) -> list[Score]:
        return [score(distance=0.9) for _ in inputs]

    kept: list[Observation] = []
    items = [{"prompt": "Open?", "response": f"Until {hour}."} for hour in range(8)]
    halves = [("POST", "/v1/rewards", {"json": {"items": part}}) for part in (items[:4], items[4:])]
    ask_all(*halves, answering=far, kept=kept)
    assert [one.reason for one in kept] == ["drift"] * 2


def test_a_request_that_was_scored_is_answered_where_observing_it_fails(caplog: pytest.LogCaptureFixture) -> None:
    beside_nothing = Watch(np.zeros(0), window=4, level=0.01)
    request = ("POST", "/v1/rewards", {"json": {"items": [ITEM] * 4}})
    (response,) = ask_all(request, watching=beside_nothing)
    assert response.status_code == 200
    (record,) = caplog.records
    assert record.exc_info is not None
    assert "beside 0 rows" in str(record.exc_info[1])


def test_what_was_allowed_is_not_kept() -> None:
    kept: list[Observation] = []
    ask_all(("POST", "/v1/rewards", {"json": {"items": [ITEM] * 4}}), kept=kept)
    assert kept == []


def test_more_reports_than_a_minute_has_room_for_are_answered_later() -> None:
    kept: list[Observation] = []
    body = {"items": [ITEM] * 4, "reason": "odd"}
    (response,) = ask_all(("POST", "/v1/reports", {"json": body}), kept=kept)
    assert response.status_code == 503
    assert response.headers["retry-after"]
    assert "3 of 4 were kept" in response.json()["error"]["message"]
    assert len(kept) == 3


def test_a_reason_is_one_line_that_no_terminal_obeys() -> None:
    for reason in ("a\x1b[2Jb", "a\nb"):
        assert ask("POST", "/v1/reports", json={"items": [ITEM], "reason": reason}).status_code == 422
