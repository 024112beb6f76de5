"""What a verb ends with: what it made, where it lies, and the next command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """``made`` in one sentence, ``where`` (a store key, a path or a URL; "" if nothing was stored) and the ``next``
    command ("" at the end of the wheel). ``passed`` is False when the verb did its work and the answer is no (an audit
    whose verdict failed, a verification that does not hold): the command then exits with 1.
    """

    made: str
    where: str = ""
    next: str = ""
    passed: bool = True
