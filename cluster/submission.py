"""Work for somebody else's cluster, through the Ray Jobs API of its head (``http://head:8265``).

Ray's own token (``RAY_AUTH_TOKEN``, ``RAY_AUTH_TOKEN_PATH`` or ``~/.ray/auth_token``) is sent as a Bearer token; one
token lets a caller run anything on that cluster, so it is never printed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from cluster.session import PACKAGES
from iirl_core.errors import ClusterError, ConfigError

REACH_SECONDS = 10.0
"""How long a head may take to accept a connection."""
CHATTY = (
    "ray.dashboard.modules.dashboard_sdk",
    "ray.dashboard.modules.job.sdk",
    "ray._private.runtime_env.packaging",
)
"""Loggers that tell of every upload; Ray sets their level itself, one by one."""


@dataclass(frozen=True)
class JobEnd:
    """How a job ended: ``status`` is Ray's word; ``exit_code`` is the entrypoint's, None where it never ran."""

    status: str
    exit_code: int | None
    message: str


class JobsClient:
    """A connection to the Jobs API at ``address``.

    Raises:
        ConfigError: ``address`` is not an http(s) URL.
        ClusterError: nobody answers there, or the token is not the cluster's.
    """

    def __init__(self, address: str) -> None:
        self.address = _reachable(address)
        # The variable is read when ray is first imported; without a token the cluster answers 401.
        os.environ.setdefault("RAY_AUTH_MODE", "token")
        from ray.job_submission import JobSubmissionClient  # seconds

        for chatty in CHATTY:
            logging.getLogger(chatty).setLevel(logging.ERROR)
        with self._explained():
            self._client = JobSubmissionClient(self.address)

    def submit(self, entrypoint: str, working_dir: Path) -> str:
        """Upload ``working_dir`` and our four packages, start ``entrypoint`` there, and return the job's id."""
        code = [str(Path(spec.origin).parent) for name in PACKAGES if (spec := find_spec(name)) and spec.origin]
        environment = {"working_dir": str(working_dir), "py_modules": code}
        with self._explained():
            return str(self._client.submit_job(entrypoint=entrypoint, runtime_env=environment))

    def follow(self, job: str, write: Callable[[str], None]) -> JobEnd:
        """Pass the job's output to ``write`` as it comes, until the job ends."""

        async def tail() -> None:
            async for text in self._client.tail_job_logs(job):
                write(text)

        with self._explained():
            asyncio.run(tail())
            info = self._client.get_job_info(job)
        return JobEnd(str(info.status.value), info.driver_exit_code, info.message or "")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Ray's, aiohttp's and requests' errors as ours, in one line."""
        import aiohttp  # both come with ray
        import requests
        from ray.exceptions import AuthenticationError

        try:
            yield
        except AuthenticationError as error:
            raise ClusterError(
                f"the cluster at {self.address} refused the token",
                "the token it was started with",
                "Set RAY_AUTH_TOKEN, or RAY_AUTH_TOKEN_PATH to the file that holds it",
            ) from error
        except (RuntimeError, OSError, ValueError, requests.RequestException, aiohttp.ClientError) as error:
            reason = " ".join(str(error).split())[:300]
            raise ClusterError(f"the cluster at {self.address} did not do it ({reason})") from error


def _reachable(address: str) -> str:
    dashboard = "the head's dashboard, such as http://head:8265"
    try:
        parts = urlsplit(address)
        given = parts.port
    except ValueError as error:  # a port beyond 65535, a bracket that is never closed
        raise ConfigError(f"--address {address} ({error})", dashboard) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"--address {address}", dashboard)
    port = given or (443 if parts.scheme == "https" else 80)
    try:
        # First a plain connection: Ray's client would wait for ever for a host that drops packets.
        socket.create_connection((parts.hostname, port), REACH_SECONDS).close()
    except OSError as error:
        raise ClusterError(
            f"nobody answers at {address} ({error.strerror or error})",
            "a Ray head with its dashboard",
            "Start one with: ray start --head, or forward its port: kubectl port-forward service/HEAD 8265",
        ) from error
    return address.rstrip("/")
