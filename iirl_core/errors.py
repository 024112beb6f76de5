"""Every error a user can meet, split by who can mend it.

    IirlError
    ├── InputError            the caller's data or request: mend the input
    │   └── CorpusEmpty       every row was quarantined
    ├── ConfigError           the YAML, a flag, a path: mend the configuration
    ├── ArtifactError         the artifact, its statements, its log: do not trust it
    │   ├── NotFound          nothing is stored under that name
    │   ├── Tampered          a digest, signature or golden Reading does not hold
    │   └── Gated             the verdict or an approval is missing, so the step is refused
    ├── Conflict              somebody else wrote first: read again and retry
    └── ClusterError          Ray, the network, the object store: mend the machine or try again

A user sees ``str(error)``: one line that says what was wrong, what was expected and what to do.

These errors cross process boundaries inside Ray, so each passes its own arguments to
``super().__init__`` and formats them in ``__str__``; ``tests/test_architecture.py`` pickles every one.
"""

from __future__ import annotations

BUG = 70
"""The exit code of a failure that nobody foresaw (sysexits' EX_SOFTWARE): Python's own 1 would read as an answer of no.
"""


class IirlError(Exception):
    """Root of the tree.

    Args:
        wrong: What was wrong, with the offending value.
        expected: What was expected instead ("" when obvious).
        todo: What the user can do about it ("" when obvious).
    """

    def __init__(self, wrong: str, expected: str = "", todo: str = "") -> None:
        super().__init__(wrong, expected, todo)
        self.wrong, self.expected, self.todo = wrong, expected, todo

    def __str__(self) -> str:
        text = self.wrong.rstrip(".")
        if self.expected:
            text += f"; expected {self.expected.rstrip('.')}"
        if self.todo:
            text += f". {self.todo.rstrip('.')}"
        return text + "."


class InputError(IirlError):
    """The caller's data or request cannot be used."""


class CorpusEmpty(InputError):
    """A corpus in which every row was quarantined; ``wrong`` lists the first reasons."""


class ConfigError(IirlError):
    """The configuration, a flag or a path cannot be used."""


class ArtifactError(IirlError):
    """An artifact or one of its statements cannot be used."""


class NotFound(ArtifactError):
    """Nothing is stored under that key, digest or channel."""


class Tampered(ArtifactError):
    """A digest, a signature, the log's chain or a golden Reading does not hold."""


class Gated(ArtifactError):
    """A step is refused because a verdict, an approval or a trusted signature is missing."""


class Conflict(IirlError):
    """Another writer came first: the expected version is not the stored one."""


class ClusterError(IirlError):
    """Ray, the network or the object store failed."""


def ending(error: Exception, debug: str) -> tuple[int, str]:
    """The exit code and the one line with which a process ends: 2 where a user can mend it, ``BUG`` where nobody
    foresaw it; ``debug`` is what shows the traceback.

    Example:
        >>> ending(ConfigError("train.epochs 0", "at least 1"), "--debug")
        (2, 'iirl: train.epochs 0; expected at least 1.')
    """
    if isinstance(error, IirlError):
        return 2, f"iirl: {error}"
    said = " ".join(f"{type(error).__name__}: {error}".split())
    return BUG, f"iirl: this is a bug ({said[:300]}). See where with: {debug}."


def one_line(error: BaseException) -> str:
    """The text of another's error on one line, at most 200 characters: what fits into a message of ours."""
    return " ".join(str(error).split())[:200]
