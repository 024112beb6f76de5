"""Teaching: questions that a repair may learn from. None of them tries it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from iirl_core.corpus.identity import identity_of, plain_identity
from iirl_core.demonstration import Conversation, Input
from iirl_core.norm.norm import Norm
from iirl_core.probe import Probe
from iirl_core.repair.asked import Asked
from iirl_core.reward_model import RewardModel


@dataclass(frozen=True)
class Drawn:
    """A question that was drawn to teach, whether its norm is broken or not: a neighbour of the finding ``owner``, or
    of none ("").
    """

    norm: str
    inputs: tuple[Input, ...]
    step: int
    owner: str = ""


def drawn_of(
    probes: Sequence[tuple[Probe, str]], parent: RewardModel, norms: Sequence[Norm], *, trial: Sequence[Asked]
) -> Iterator[Drawn]:
    """Of ``probes``, each with the finding that owns it, those that a norm speaks of, that ``parent`` has finite
    signals for (a descent would see nothing else), and that ``trial`` does not ask.
    """
    asked = Asked.of(parent.encoder, [probe for probe, _ in probes], norms)
    tried = {_key(each, question, norms) for each in trial for question in each.questions}
    judged, finite = asked.judged(parent, norms), asked.finite(parent)
    for question, told, good in zip(asked.questions, judged, finite, strict=True):
        if told.speaks and good and _key(asked, question, norms) not in tried:
            probe, owner = probes[question[0]]
            yield Drawn(norms[question[1]].id, probe.inputs, told.step, owner)


def _key(asked: Asked, question: tuple[int, int], norms: Sequence[Norm]) -> tuple[str, ...]:
    """What is judged, as most encoders see it: without case and white space."""
    probe, norm = asked.probes[question[0]], norms[question[1]]
    inputs = probe.inputs[-1:] if norm.kind.bounds else probe.inputs
    return (norm.id, *map(_plain, inputs))


def _plain(item: Input) -> str:
    return plain_identity(item.messages) if isinstance(item, Conversation) else identity_of(item)
