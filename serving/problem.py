"""What a caller is told when there is no answer: a status and a machine-readable body.

    {"error": {"code": "invalid_item", "message": "…", "details": [{"where": "items.3", "message": "…"}]}}

Codes: ``invalid_json`` 400, ``unauthorized`` 401, ``unknown_model`` and ``not_found`` 404, ``body_too_large`` and
``too_many_items`` 413, ``invalid_request``, ``invalid_item``, ``truncated`` and ``refused`` 422, ``overloaded`` 503
(with ``Retry-After``), ``internal`` 500. A 4xx is the caller's to mend and not worth a retry.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import ValidationError

from iirl_core.canonical import canonical_json
from iirl_core.errors import InputError

MOST_DETAILS = 20
"""A request with a thousand faults is told its first ones."""


@dataclass(frozen=True)
class Detail:
    """One fault: where (``items.3.messages.0.role``, ``query.7``) and what."""

    where: str
    message: str


Details = tuple[Detail, ...]


class Problem(Exception):
    """An answer that is not 200.

    Args:
        status: The HTTP status.
        code: The machine's word for it.
        message: One line for a person.
        details: Which items, where there are several.
        retry_after: Seconds after which the same request may succeed; 0: it will not.
    """

    def __init__(self, status: int, code: str, message: str, details: Details = (), retry_after: int = 0) -> None:
        super().__init__(status, code, message, details, retry_after)
        self.status, self.code, self.message, self.details, self.retry_after = self.args

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"

    @property
    def headers(self) -> dict[str, str]:
        """What the status asks to send beside the body."""
        headers = {"Retry-After": str(self.retry_after)} if self.retry_after else {}
        if self.status == 401:
            headers["WWW-Authenticate"] = 'Bearer, Basic realm="iirl"'
        return headers

    def body(self) -> bytes:
        """The response's JSON."""
        details = [{"where": detail.where, "message": detail.message} for detail in self.details[:MOST_DETAILS]]
        return canonical_json({"error": {"code": self.code, "message": self.message, "details": details}})


def unparsable_request(error: ValidationError) -> Problem:
    """Pydantic's findings about a request's body: 400 when it is not JSON at all, else 422."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    if faults[0]["type"] == "json_invalid":
        return Problem(400, "invalid_json", faults[0]["msg"])
    details = tuple(Detail(".".join(str(part) for part in fault["loc"]), fault["msg"]) for fault in faults)
    return Problem(422, "invalid_request", _first(details), details)


def faulty_items(where: str, faults: Iterable[tuple[int, InputError]]) -> Problem:
    """Items (by their index in the list ``where``) that cannot be read: 422."""
    details = tuple(Detail(f"{where}.{index}", str(error)) for index, error in faults)
    return Problem(422, "invalid_item", _first(details), details)


def _first(details: Details) -> str:
    rest = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return f"{details[0].where}: {details[0].message}{rest}"
