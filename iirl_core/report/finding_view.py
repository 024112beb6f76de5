"""A finding as the page shows it: one side, or an original beside its edit with the changed words marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iirl_core.audit.finding import Finding, TriageLabel
from iirl_core.demonstration import Conversation, Input, Message, Trajectory
from iirl_core.report.audit_data import FindingFacts, Measurement
from iirl_core.report.word_diff import Segment, word_diff

SHOWN = 1_200
"""Characters of one run of text that are shown; the page says how many it leaves out."""
_DIFFED = 12_000
"""Longer texts are set side by side without marks: the comparison of words is quadratic at worst."""
_ENTRIES = 24


@dataclass(frozen=True)
class Piece:
    """A run of text: its ``head``, how many characters are ``hidden`` after it, and its ``tail``."""

    change: str
    head: str
    hidden: int
    tail: str


@dataclass(frozen=True)
class Turn:
    """One message; ``answer`` marks the scored one."""

    role: str
    answer: bool
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Step:
    """The offending step of a trajectory, counted from 1, its numbers ready to print."""

    number: int
    total: int
    observation: tuple[str, ...]
    action: tuple[str, ...]


@dataclass(frozen=True)
class Side:
    """One input and its reward."""

    title: str
    reward: float
    turns: tuple[Turn, ...]
    step: Step | None


@dataclass(frozen=True)
class FindingView:
    """What the template reads."""

    id: str
    finding: Finding
    label: TriageLabel
    open: bool
    distances: tuple[Measurement, ...]
    sides: tuple[Side, ...]
    smaller: tuple[str, ...]


def finding_view(facts: FindingFacts) -> FindingView:
    """Lay one finding out."""
    finding = facts.finding
    smaller = tuple(_told(item) for item in facts.smaller)
    return FindingView(finding.id, finding, facts.label, facts.open, facts.distances, _sides(finding), smaller)


def _told(item: Input) -> str:
    if isinstance(item, Trajectory):
        return f"{len(item)} of its steps"
    return _cut(item.answer) or "(empty)"


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _sides(finding: Finding) -> tuple[Side, ...]:
    titles = ("original", "edited") if len(finding.inputs) == 2 else ("scored",)
    conversations = [item for item in finding.inputs if isinstance(item, Conversation)]
    turns = _pair_of_turns(*conversations) if len(conversations) == 2 else tuple(map(_plain_turns, conversations))
    sides = []
    for index, (title, item, reward) in enumerate(zip(titles, finding.inputs, finding.rewards, strict=True)):
        if isinstance(item, Trajectory):
            sides.append(Side(title, reward, (), _step(item, finding.step)))
        else:
            sides.append(Side(title, reward, turns[index], None))
    return tuple(sides)


def _plain_turns(conversation: Conversation) -> tuple[Turn, ...]:
    return _turns(conversation.messages, [[Segment("same", m.content)] for m in conversation.messages])


def _pair_of_turns(original: Conversation, edited: Conversation) -> tuple[tuple[Turn, ...], tuple[Turn, ...]]:
    if len(original.messages) != len(edited.messages):
        return _plain_turns(original), _plain_turns(edited)
    both = [_diff(old.content, new.content) for old, new in zip(original.messages, edited.messages, strict=True)]
    return _turns(original.messages, [old for old, _ in both]), _turns(edited.messages, [new for _, new in both])


def _diff(original: str, edited: str) -> tuple[Sequence[Segment], Sequence[Segment]]:
    if len(original) + len(edited) > _DIFFED:
        return [Segment("same", original)], [Segment("same", edited)]
    return word_diff(original, edited)


def _turns(messages: Sequence[Message], segments: Sequence[Sequence[Segment]]) -> tuple[Turn, ...]:
    last = len(messages) - 1
    return tuple(
        Turn(message.role, index == last, tuple(_piece(segment) for segment in runs if segment.text))
        for index, (message, runs) in enumerate(zip(messages, segments, strict=True))
    )


def _piece(segment: Segment) -> Piece:
    text = segment.text
    hidden = len(text) - SHOWN
    head, tail = (text, "") if hidden <= 0 else (text[: SHOWN * 3 // 4], text[-SHOWN // 4 :])
    if segment.change != "same":  # a line break that was added or taken away is a change that one must see
        head, tail = head.replace("\n", "↵\n"), tail.replace("\n", "↵\n")
    return Piece(segment.change, head, max(0, hidden), tail)


def _step(trajectory: Trajectory, step: int) -> Step:
    at = min(step, len(trajectory) - 1)
    actions = trajectory.actions
    return Step(
        at + 1,
        len(trajectory),
        _entries(trajectory.observations[at].tolist()),
        _entries(actions[at].tolist()) if actions is not None else (),
    )


def _entries(values: Sequence[float]) -> tuple[str, ...]:
    shown = tuple(f"{value:.4g}" for value in values[:_ENTRIES])
    return shown if len(values) <= _ENTRIES else (*shown, f"… {len(values) - _ENTRIES} more")
