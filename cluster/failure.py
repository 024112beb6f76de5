"""What went wrong on a worker, said in one line here.

Ray wraps what a task, an actor or a rank raised several times over. If one of our errors is inside, that is what the
user must see; else the last line of the innermost one.
"""

from __future__ import annotations

from iirl_core.errors import ClusterError, IirlError

ADVICE = "To change retry attempts"
"""How Ray Data ends what it says of a failed task; it speaks of settings of Ray's."""


def failure_of(error: BaseException, doing: str) -> IirlError:
    """The error to raise in place of ``error``: the innermost one of ours, else a ClusterError about ``doing``.

    Example:
        >>> str(failure_of(RuntimeError("disk full"), "encoding"))
        'encoding failed (disk full). See /tmp/ray/session_latest/logs.'
    """
    chain = _chain(error)
    for one in reversed(chain):
        if isinstance(one, IirlError):
            return one
    return ClusterError(f"{doing} failed ({last_line(chain[-1])})", todo="See /tmp/ray/session_latest/logs")


def last_line(error: BaseException) -> str:
    """Of what an error of Ray's says, where the reason stands; at most 200 characters, its name if it says nothing."""
    said = [line.strip() for line in str(error).splitlines()]
    lines = [line for line in said if line and not line.startswith(ADVICE)] or [type(error).__name__]
    return lines[-1][:200]


def _chain(error: BaseException) -> list[BaseException]:
    """The error and its causes, outermost first."""
    found: list[BaseException] = []
    here: BaseException | None = error
    while here is not None and here not in found:
        found.append(here)
        inner = getattr(here, "cause", None)  # RayTaskError carries what the worker raised there
        here = inner if isinstance(inner, BaseException) else here.__cause__ or here.__context__
    return found
