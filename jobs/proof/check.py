"""One thing that was checked, and asking what may refuse to answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from iirl_core.canonical import Digest
from iirl_core.errors import IirlError
from iirl_core.signing import Predicate, Trust, Verified, verify_envelope

P = TypeVar("P", bound=Predicate)
T = TypeVar("T")


@dataclass(frozen=True)
class Check:
    """One thing that was checked; ``problem`` is empty where it holds, and ``note`` says what was found."""

    name: str
    note: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What was found, or the one line that says why not."""

    found: T | None
    problem: str = ""


def ask(question: Callable[[], T]) -> Answer[T]:
    """Our errors as answers: a check that fails stops only those that build on it."""
    try:
        return Answer(question())
    except IirlError as error:
        return Answer(None, str(error))


def signature_of(data: bytes, trust: Trust, kind: type[P], digest: Digest) -> Answer[Verified[P]]:
    """The statement in ``data``, if it is one of ``kind`` about ``digest`` whose signature holds."""
    return ask(lambda: verify_envelope(data, trust, kind, digest))


def signed_by(verified: Verified[P] | None) -> str:
    """Who signed it, for a note; empty where nobody did."""
    return f"signed by {verified.predicate.signer} {verified.keyid[:12]}" if verified else ""
