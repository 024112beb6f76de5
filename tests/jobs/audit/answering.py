"""Scorers that only answer, or do not. Their module imports no torch, so that each of them starts in a second."""

from __future__ import annotations

import os
from pathlib import Path

from iirl_core.errors import InputError


class Answering:
    """Says who it is instead of auditing."""

    def __init__(self, name: int) -> None:
        self.name = name

    def answer(self, assignment: str, question: bytes) -> bytes:
        return f"{assignment} {question.decode()} {self.name}".encode()


class Dying:
    """Ends its process when it is asked a question that kills, while the file is not there or does not matter."""

    def __init__(self, died: str, always: bool) -> None:
        self.died, self.always = Path(died), always

    def answer(self, assignment: str, question: bytes) -> bytes:
        if question == b"kill" and (self.always or not self.died.exists()):
            self.died.touch()
            os._exit(1)
        return question


class Refusing:
    def answer(self, assignment: str, question: bytes) -> bytes:
        raise InputError("a norm that cannot be checked", "one that can")
