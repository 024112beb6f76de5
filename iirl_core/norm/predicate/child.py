"""The asking side: a child process that gets one question at a time, and is killed where it does not answer."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import numpy as np
from numpy.typing import NDArray

from iirl_core.canonical import Digest
from iirl_core.demonstration import Input
from iirl_core.errors import ConfigError

IMPORT_SECONDS = 120.0
"""What starting and importing may take: a module may load much, and the machine may be busy."""


class Child:
    """Owns the process; it starts with the first question, and again after it was ended."""

    def __init__(self, function: str, source: Digest, seconds: float) -> None:
        self.function, self.source, self.seconds = function, source, seconds
        self.running: tuple[subprocess.Popen[bytes], Connection] | None = None

    def ask(self, inputs: tuple[Input, ...], rewards: tuple[NDArray[np.float32], ...]) -> float | None:
        """One question.

        Raises:
            ConfigError: as ``Predicate.excess``.
        """
        if self.running is None:
            self._start()
        return self._answer(self.seconds, pickle.dumps((inputs, rewards)))

    def end(self) -> None:
        """Kill the process and what it started, if it runs."""
        if self.running is None:
            return
        (process, line), self.running = self.running, None
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        line.close()

    def _start(self) -> None:
        ours, theirs = Pipe()
        with theirs:
            told = [str(theirs.fileno()), self.function, self.source, str(self.seconds)]
            process = subprocess.Popen(
                [sys.executable, "-m", "iirl_core.norm.predicate.answering", *told],
                pass_fds=(theirs.fileno(),),
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
                start_new_session=True,  # what it starts itself is killed along
            )
        self.running = process, ours
        try:
            self._answer(IMPORT_SECONDS)
        except ConfigError:
            self.end()
            raise

    def _answer(self, seconds: float, question: bytes | None = None) -> float | None:
        if self.running is None:
            raise ConfigError(f"{self.function} was ended")
        _, line = self.running
        try:
            if question is not None:
                line.send_bytes(question)
            if not line.poll(seconds):
                self.end()
                raise ConfigError(
                    f"{self.function} gave no answer within {seconds:g} s and was ended",
                    todo="Mend it, or raise norms[].seconds",
                )
            said = json.loads(line.recv_bytes())
        except (EOFError, OSError) as error:
            self.end()
            raise ConfigError(f"{self.function} ended its process", "a number, or None") from error
        if "wrong" in said:
            raise ConfigError(f"{self.function} {said['wrong']}", "a number, or None")
        excess: float | None = said["excess"]
        return excess
