"""A function by import path that says by how much an answer breaks a norm."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iirl_core.canonical import Digest, digest_bytes
from iirl_core.demonstration import Input
from iirl_core.errors import ConfigError, one_line
from iirl_core.norm.predicate.child import Child


@dataclass(frozen=True)
class Predicate:
    """``function`` is ``package.module:function``, called with the inputs of one question (one input, or an original
    and its edit) and their rewards (an array per input, ``[T]`` of a trajectory, ``[1]`` of a conversation). It returns
    a number: above 0, the norm is broken by that much; or None: the norm says nothing of it. An answer takes at most
    ``seconds``; ``source`` is the digest of its module's file, which must be the same wherever it is asked.
    """

    function: str
    seconds: float
    source: Digest

    def excess(self, inputs: tuple[Input, ...], rewards: Sequence[NDArray[np.float32]]) -> float | None:
        """What the function returned. It runs in a child process (one per process and predicate), which is ended where
        it takes too long, whatever it does, and started again when it is asked again.

        Raises:
            ConfigError: it cannot be imported, raised, took too long, or returned something else.
        """
        return _child(self).ask(inputs, tuple(rewards))


@lru_cache(maxsize=64)
def _child(predicate: Predicate) -> Child:
    return Child(predicate.function, predicate.source, predicate.seconds)


def predicate_of(function: str, seconds: float) -> Predicate:
    """As the configuration names it; the module is found, not run.

    Raises:
        ConfigError: there is no such module, or it is not written in Python.
    """
    module, _, _ = function.partition(":")
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError) as error:
        raise ConfigError(
            f"no module {module} ({one_line(error)})", "package.module:function, on PYTHONPATH"
        ) from error
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise ConfigError(f"no module {module}", "package.module:function, a Python file on PYTHONPATH")
    return Predicate(function, seconds, digest_bytes(Path(spec.origin).read_bytes()))
