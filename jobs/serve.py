"""``iirl serve``: ``python -m serving`` with the resolved configuration, as a process of its own.

The command line and the HTTP side share no code, only this process boundary: a configuration in, one line out when the
server is ready. Where this process already runs a Ray, the server joins it; else it starts one of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, TYPE_CHECKING

from iirl_core.config import Config
from iirl_core.errors import ClusterError
from jobs.outcome import Outcome

if TYPE_CHECKING:
    from cluster.session import Session
    from jobs.console import Progress

STOP_SECONDS = 30.0


class Server:
    """A running server process. ``ready`` waits until it answers; leaving the ``with`` stops it.

    Example:
        >>> with Server(session, config) as server:  # doctest: +SKIP
        ...     httpx.get(server.ready() + "/health")
    """

    def __init__(self, session: Session, config: Config) -> None:
        self.config = config
        self._folder = tempfile.TemporaryDirectory(prefix="iirl-serve-")
        path = Path(self._folder.name) / "config.json"
        path.touch(0o600)
        path.write_text(json.dumps(config.model_dump(mode="json")), encoding="utf-8")
        address = session.address or _running_ray()
        command = [sys.executable, "-m", "serving", str(path), "--until-stdin-closes"]
        command += ["--address", address] if address else []
        # A session of its own: Ctrl-C reaches us first, and we stop it in order. Where we cannot (SIGKILL), the end of
        # its standard input tells it that we have gone.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )

    def ready(self) -> str:
        """Wait until it answers; returns its URL.

        Raises:
            ClusterError: it refused to start; it has said why on standard error.
        """
        output: IO[str] = self._process.stdout  # type: ignore[assignment] # it is a pipe
        for line in output:
            word, _, rest = line.partition(" ")
            if word == "ready":
                return rest.split()[0]
        raise ClusterError(f"the server did not start (exit code {self.wait()})", todo="Its own line says why")

    def wait(self) -> int:
        """Wait until it ends; returns its exit code."""
        return self._process.wait()

    def stop(self) -> int:
        """Ask it to stop, and wait; kill it when it does not. Returns its exit code."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        self._folder.cleanup()
        return code

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def run(session: Session, config: Config, progress: Progress) -> Outcome:
    """Serve the configuration's channel until it is interrupted.

    Raises:
        SystemExit: the server refused to start, or died; it has said why, and this is its exit code.
    """
    with _terminable(), Server(session, config) as server:
        reference = f"{config.name}@{config.release.channel}"
        if progress.console.is_terminal:
            progress.say(f"starting {reference}")
        try:
            url = server.ready()
            progress.say(f"serving {reference} at {url}")
            token = f", with the token in {config.serve.token_file}" if config.serve.token_file else ""
            progress.say(f"  try   curl {url}/v1/models{token}")
            code = server.wait()
        except ClusterError:
            code = server.wait()
        except KeyboardInterrupt:
            return Outcome(f"served {reference}")
    raise SystemExit(code)


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM, and SIGHUP unless nohup ignores it, stop the server in order too, as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if number != signal.SIGHUP or handler is not signal.SIG_IGN:
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _running_ray() -> str | None:
    """The address of the Ray that already runs in this process."""
    if "ray" not in sys.modules:
        return None
    import ray

    return str(ray.get_runtime_context().gcs_address) if ray.is_initialized() else None
