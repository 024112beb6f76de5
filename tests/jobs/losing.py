"""Actors that are lost on the way."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

Actor = TypeVar("Actor")


def lost_once(actor: type[Actor], method: str, when: int, lost: Path) -> type[Actor]:
    """Of all such actors, the first whose ``method`` is called for the ``when``th time ends its process there, without
    an answer; the file ``lost`` then says so.
    """

    def dies(self: Actor, *arguments: object) -> object:
        self.__dict__["calls"] = calls = self.__dict__.get("calls", 0) + 1
        if calls == when:
            with suppress(FileExistsError):
                lost.touch(exist_ok=False)
                os._exit(1)
        return getattr(actor, method)(self, *arguments)

    return type(f"Lost{actor.__name__}", (actor,), {method: dies})
