"""A golden scorer behind ``POST /v1/rewards``: our own dialect, asked with nothing but the standard library."""

from __future__ import annotations

import json
import math
import os
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException

import numpy as np

from iirl_core.config.suites import GoldenEndpointSection
from iirl_core.demonstration import Conversation
from iirl_core.errors import ClusterError, ConfigError, one_line
from iirl_core.evaluation.frozen import Floats
from iirl_core.records import document_of

SECONDS = 300.0
TRIES = 6
LONGEST_WAIT = 30.0


class Endpoint:
    """Asks for rewards; where it is told to wait (503) it waits. Never follows a redirection: the token is for this
    server alone.

    Raises:
        ConfigError: the token's variable is not set.
    """

    def __init__(self, section: GoldenEndpointSection) -> None:
        self.url = section.url.rstrip("/") + "/v1/rewards"
        self.model, self.variable = section.model, section.token_variable
        self._headers = {"content-type": "application/json"}
        if self.variable is not None:
            token = os.environ.get(self.variable)
            if not token:
                raise ConfigError(
                    f"golden.token_variable: {self.variable} is not set", todo="Export it, with the bearer token"
                )
            self._headers["authorization"] = f"Bearer {token}"
        self._opener = urllib.request.build_opener(_NoRedirection)

    def rewards(self, items: Sequence[Conversation]) -> Floats:
        """``[N]``: the rewards, as the model says them; texts too long for it are truncated.

        Raises:
            ConfigError: it refuses the token or the question.
            ClusterError: it does not answer, or with something else.
        """
        question = {"items": [document_of(item) for item in items], "model": self.model, "truncate": "allow"}
        answer = self._answer(json.dumps(question).encode())
        try:
            said = [float(one["reward"]) for one in json.loads(answer)["data"]]
        except (ValueError, KeyError, TypeError) as error:
            raise ClusterError(f"{self.url} answered something else than rewards ({one_line(error)})") from error
        if len(said) != len(items) or not all(map(math.isfinite, said)):
            raise ClusterError(f"{self.url} answered {len(said)} rewards to {len(items)} items", "a finite one each")
        return np.array(said, np.float64)

    def _answer(self, body: bytes) -> bytes:
        for tried in range(1, TRIES + 1):
            request = urllib.request.Request(self.url, body, self._headers)  # noqa: S310 - http(s), by the section
            try:
                with self._opener.open(request, timeout=SECONDS) as response:
                    answer: bytes = response.read()
                    return answer
            except urllib.error.HTTPError as error:
                with error:
                    if error.code != 503 or tried == TRIES:
                        raise self._refusal(error) from error
                    wait = error.headers.get("Retry-After", "")
                time.sleep(min(float(wait) if wait.isdecimal() else 1.0, LONGEST_WAIT))
            except (OSError, HTTPException) as error:
                raise ClusterError(f"{self.url} does not answer ({one_line(error)})", "a running iirl serve") from error
        raise ClusterError(f"{self.url} is overloaded", todo="Try again later")

    def _refusal(self, error: urllib.error.HTTPError) -> ConfigError | ClusterError:
        if error.code in (401, 403):
            how = f"the token in {self.variable}" if self.variable else "golden.token_variable"
            return ConfigError(f"{self.url} refused us ({error.code})", how)
        said = error.read(2000).decode("utf-8", "replace")
        kind = ConfigError if 400 <= error.code < 500 else ClusterError
        return kind(f"{self.url} answered {error.code} ({' '.join(said.split())[:200]})")


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object) -> None:
        """None: the answer is then an HTTPError with the redirection's code."""
