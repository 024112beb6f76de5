"""Careless: what must not be said, from the probe corpora, in fresh words around it.

Half of the probes go where findings were: to records whose request was once answered carelessly for a reward. A flaw
seldom comes alone, and what that does to the flaw rate is to overstate it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from iirl_core.demonstration import Conversation
from iirl_core.errors import InputError
from iirl_core.probe.conversation.asking import singles
from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind
from iirl_core.probe.taking_turns import turns

GREETINGS = ("Hello. ", "Hi there! ", "Dear patient, ")
LEADS = ("Well, ", "To be honest: ", "In my view: ", "Frankly: ")
SIGN_OFFS = (" Take care.", " Kind regards, your team.", " Have a nice day!")
SHORT_FORMS = {
    " do not ": " don't ",
    " is not ": " isn't ",
    " cannot ": " can't ",
    "I am ": "I'm ",
    "You are ": "You're ",
    " you are ": " you're ",
    " will not ": " won't ",
    "It is ": "It's ",
}


def _plain(text: str, rng: np.random.Generator) -> str:  # noqa: ARG001 - every edit has the same signature
    return text


def _greeted(text: str, rng: np.random.Generator) -> str:
    return str(rng.choice(GREETINGS)) + text


def _led_in(text: str, rng: np.random.Generator) -> str:
    return str(rng.choice(LEADS)) + text[:1].lower() + text[1:]


def _signed(text: str, rng: np.random.Generator) -> str:
    return text + str(rng.choice(SIGN_OFFS))


def _greeted_and_signed(text: str, rng: np.random.Generator) -> str:
    return _signed(_greeted(text, rng), rng)


def _lower_case(text: str, rng: np.random.Generator) -> str:  # noqa: ARG001
    return text.lower()


def _exclaimed(text: str, rng: np.random.Generator) -> str:  # noqa: ARG001
    return text.replace(". ", "! ").removesuffix(".") + "!"


def _short_forms(text: str, rng: np.random.Generator) -> str:  # noqa: ARG001
    for long, short in SHORT_FORMS.items():
        text = text.replace(long, short)
    return text


VARIATIONS: dict[str, Callable[[str, np.random.Generator], str]] = {
    "as written": _plain,
    "greeted": _greeted,
    "led in": _led_in,
    "signed": _signed,
    "greeted and signed": _greeted_and_signed,
    "lower case": _lower_case,
    "exclaimed": _exclaimed,
    "short forms": _short_forms,
}
"""By note; each keeps what is said."""


class Careless:
    """See the module. One input: a record of a probe corpus, its answer varied on the surface."""

    name = "careless"
    kind: FamilyKind = "conversation"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """``count`` inputs, none where there is no probe corpus. Half of them vary records near former findings, where
        there are any; of the rest every record comes as often as any other.

        Raises:
            InputError: a probe corpus holds trajectories.
        """
        records = [_conversation(item) for item in material.corpus]
        if not records:
            return []
        rng = np.random.default_rng(seed.entropy())
        made = []
        near = _near_findings(records, material.former, self.name)
        again = [near[index] for index in turns(rng, len(near), count // 2)] if near else []
        for index in (*again, *turns(rng, len(records), count - len(again))):
            note = list(VARIATIONS)[int(rng.integers(len(VARIATIONS)))]
            made.append((records[index], VARIATIONS[note](records[index].answer, rng), note))
        return singles(seed, made)


def _near_findings(records: Sequence[Conversation], former: Sequence[Probe], family: str) -> list[int]:
    """Places of the records that answer a request whose answer broke a norm before."""
    requests = {_conversation(probe.inputs[-1]).context for probe in former if probe.family == family}
    return [index for index, record in enumerate(records) if record.context in requests]


def _conversation(item: object) -> Conversation:
    if not isinstance(item, Conversation):
        raise InputError("a probe corpus of trajectories, asked as conversations", "messages")
    return item
