"""The HTTP side: what is asked where, how it is answered or refused, and what every response carries. Knows neither Ray
nor torch.

The event loop only moves bytes: bodies are parsed, the model is read and what it answered is observed in threads.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from iirl_core.errors import InputError
from iirl_core.reading import Score
from serving.batching import Batcher
from serving.description import content, openapi
from serving.dialects import DIALECTS, Dialect, Understood
from serving.dialects.dialect import truncated
from serving.dialects.native import parse_report
from serving.door import RETRY_SECONDS, Door
from serving.observer import Observer
from serving.problem import Detail, Problem, faulty_items
from serving.schemas import HealthResponse, ModelBody, ModelsResponse, ReportsRequest, ReportsResponse
from serving.served import Served

log = logging.getLogger("iirl.serving")


def make_app(served: Served, batcher: Batcher, door: Door, observer: Observer) -> FastAPI:
    """The ASGI application of one replica."""
    app = FastAPI(title="iirl", summary=f"Rewards of {served.references[0]}", openapi_url=None)

    def ok(body: BaseModel) -> Response:
        return Response(body.model_dump_json(), 200, served.headers, "application/json")

    def post(dialect: Dialect) -> Callable[[Request], Awaitable[Response]]:
        async def score(request: Request) -> Response:
            door.check(request)
            with door.enter():
                body = await _body(request, door.limits.body_bytes)
                query = dict(request.query_params)
                asked = await asyncio.to_thread(dialect.parse, body, query, door.limits.items)
                _check_model(served, asked)
                scores = _scores(asked, await batcher.answers(asked.inputs))
                batcher.afterwards(partial(observer.answered, asked.inputs, scores))
                return ok(await asyncio.to_thread(dialect.answer, served, scores))

        return score

    for dialect in DIALECTS:
        app.post(
            dialect.path,
            summary=dialect.summary,
            response_model=dialect.response,
            openapi_extra={"requestBody": {"required": True, "content": content(dialect.request)}},
        )(post(dialect))

    @app.post(
        "/v1/reports",
        summary="What the reward gets wrong, for the next audit",
        response_model=ReportsResponse,
        openapi_extra={"requestBody": {"required": True, "content": content(ReportsRequest)}},
    )
    async def report(request: Request) -> Response:
        door.check(request)
        with door.enter():
            body = await _body(request, door.limits.body_bytes)
            asked, reason = await asyncio.to_thread(parse_report, body, door.limits.items)
            _check_model(served, asked)
            _scores(asked, await batcher.answers(asked.inputs))  # what cannot be read is refused here, not in the audit
            return ok(ReportsResponse(kept=_kept(observer, asked, reason)))

    @app.get("/v1/models", summary="What is served", response_model=ModelsResponse)
    async def models(request: Request) -> Response:
        door.check(request)
        return ok(_models(served))

    @app.get("/health", summary="Whether it answers; needs no token", response_model=HealthResponse)
    async def health() -> Response:
        return ok(HealthResponse(status="ok", digest=served.digest))

    @app.get("/openapi.json", include_in_schema=False)
    async def description(request: Request) -> Response:
        door.check(request)
        return JSONResponse(openapi(app))

    _refuse_in_our_words(app, served, door)
    return app


def _refuse_in_our_words(app: FastAPI, served: Served, door: Door) -> None:
    """Whatever goes wrong is answered by a Problem."""

    def refuse(request: Request, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
        told = served.headers if door.opens(request) else {}  # a stranger is not told what is served
        every = {**told, **problem.headers, **(headers or {})}
        return Response(problem.body(), problem.status, every, "application/json")

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:
        return refuse(request, error)

    @app.exception_handler(HTTPException)
    async def no_such_page(request: Request, error: HTTPException) -> Response:
        code = "not_found" if error.status_code == 404 else "method_not_allowed"
        message = f"{request.method} {request.url.path}: {error.detail}"
        return refuse(request, Problem(error.status_code, code, message), error.headers)

    @app.exception_handler(Exception)
    async def our_fault(request: Request, error: Exception) -> Response:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return refuse(request, Problem(500, "internal", "the server failed; its log says why"))


async def _body(request: Request, most: int) -> bytes:
    """The whole body, never holding more than ``most`` bytes of it."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise Problem(413, "body_too_large", f"more than {most} bytes: send several requests")
        chunks.append(chunk)
    return b"".join(chunks)


def _kept(observer: Observer, asked: Understood, reason: str) -> int:
    """All of a report, or Problem (503)."""
    kept = observer.reported(asked.inputs, reason)
    if kept < len(asked.inputs):
        message = f"{kept} of {len(asked.inputs)} were kept: there is no room for more now, or this server takes none"
        raise Problem(503, "overloaded", message, retry_after=RETRY_SECONDS)
    return kept


def _check_model(served: Served, asked: Understood) -> None:
    if asked.model is not None and asked.model not in served.references:
        raise Problem(404, "unknown_model", f"no model {asked.model!r} here, expected {served.references[0]}")


def _scores(asked: Understood, answers: list[Score | InputError]) -> list[Score]:
    """The Scores, or Problem (422) for what could not be read or would be read only in part."""
    faults = [(index, answer) for index, answer in enumerate(answers) if isinstance(answer, InputError)]
    if faults:
        raise faulty_items(asked.where, faults)
    scores = [answer for answer in answers if isinstance(answer, Score)]
    cut = tuple(
        Detail(f"{asked.where}.{index}", "longer than the encoder reads")
        for index, score in enumerate(scores)
        if truncated(score)
    )
    if cut and asked.truncate == "error":
        message = f"{len(cut)} of {len(scores)} are longer than the encoder reads; truncate=allow scores what is left"
        raise Problem(422, "truncated", message, cut)
    return scores


def _models(served: Served) -> ModelsResponse:
    model = ModelBody(
        id=served.references[0],
        aliases=list(served.references[1:]),
        kind=served.kind,
        version=served.version,
        digest=served.digest,
        release=served.release,
        audit=served.audit,
        mode=served.mode,
        supervision=served.supervision,
    )
    return ModelsResponse(data=[model])
