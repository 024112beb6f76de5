"""The answering side: ``python -m iirl_core.norm.predicate.answering FD MODULE:FUNCTION DIGEST SECONDS``.

Imports the function, says so, and then answers one question after the other. Should the asking side be gone while an
answer takes too long, the alarm ends this process, whatever it is doing.
"""

from __future__ import annotations

import importlib
import json
import math
import pickle
import signal
import sys
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path

from iirl_core.canonical import digest_bytes
from iirl_core.errors import one_line

GRACE = 2.0
"""Times the limit: the asking side ends this process first, if it is there."""


def main(descriptor: str, name: str, source: str, seconds: str) -> None:
    """Until the asking side closes the line."""
    line = Connection(int(descriptor))
    try:
        function = _function(name, source)
    except Exception as error:  # noqa: BLE001 - somebody else's module may raise anything
        _say(line, {"wrong": f"cannot be used: {type(error).__name__}: {one_line(error)}"})
        return
    _say(line, {"excess": None})
    while True:
        try:
            question = line.recv_bytes()
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_REAL, GRACE * float(seconds))
        said = _answer(function, question)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _say(line, said)


def _function(name: str, source: str) -> Callable[..., object]:
    module_name, _, attribute = name.partition(":")
    module = importlib.import_module(module_name)
    if digest_bytes(Path(str(module.__file__)).read_bytes()) != source:
        raise ImportError(f"{module_name} is another file here than where the norms were read")
    function: Callable[..., object] = getattr(module, attribute)
    if not callable(function):
        raise TypeError(f"{attribute} is no function")
    return function


def _answer(function: Callable[..., object], question: bytes) -> Mapping[str, float | str | None]:
    inputs, rewards = pickle.loads(question)  # noqa: S301 - from our own parent, over a pipe that nobody else has
    try:
        excess = function(inputs, rewards)
    except Exception as error:  # noqa: BLE001 - somebody else's function may raise anything
        return {"wrong": f"raised {type(error).__name__}: {one_line(error)}"}
    if excess is None:
        return {"excess": None}
    # float() makes numbers of these, hardly those that are meant.
    if isinstance(excess, str | bytes | bytearray | bool) or str(getattr(excess, "dtype", "")).endswith("bool"):
        return {"wrong": f"returned a {type(excess).__name__}"}
    try:
        number = float(excess)  # type: ignore[arg-type] # the test
    except Exception:  # noqa: BLE001 - as may what it returned
        return {"wrong": f"returned a {type(excess).__name__}"}
    return {"excess": number} if math.isfinite(number) else {"wrong": f"returned {number}"}


def _say(line: Connection, said: Mapping[str, float | str | None]) -> None:
    line.send_bytes(json.dumps(said).encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
