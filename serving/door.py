"""The door of a replica: who may ask, and how many at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import Request

from serving.access import may_ask
from serving.problem import Problem

RETRY_SECONDS = 1


@dataclass(frozen=True)
class Limits:
    """What one replica takes on: items and bytes in a request, requests at a time."""

    items: int
    body_bytes: int
    requests: int


class Door:
    """Owns the count of requests inside one replica. Used from one event loop."""

    def __init__(self, lock: bytes | None, limits: Limits) -> None:
        self._lock = lock
        self.limits = limits
        self._inside = 0

    def opens(self, request: Request) -> bool:
        """Whether the caller has the token, or needs none."""
        return may_ask(self._lock, request.headers.get("authorization"), request.query_params.get("api_key"))

    def check(self, request: Request) -> None:
        """Raise Problem (401) for a caller without the token."""
        if not self.opens(request):
            raise Problem(401, "unauthorized", "no valid token: send Authorization: Bearer TOKEN")

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Let one more request in, or raise Problem (503)."""
        if self._inside >= self.limits.requests:
            message = f"{self._inside} requests are being answered already, try again in {RETRY_SECONDS} s"
            raise Problem(503, "overloaded", message, retry_after=RETRY_SECONDS)
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
