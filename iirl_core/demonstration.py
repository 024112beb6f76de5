"""What can be read: conversations and trajectories; and what is learnt from: Demonstrations and Comparisons.

An *input* is what a RewardModel reads: a Conversation (its last turn is scored, the rest is its context)
or a Trajectory (every step is scored). A Demonstration is an input that an expert showed; a Comparison is
two answers to one prompt, the chosen first.

All objects are checked once, here, so nothing downstream checks again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iirl_core.errors import InputError

Role = Literal["system", "user", "assistant", "tool"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool")

Split = Literal["train", "guard", "unseen"]
"""``train`` is fitted on; ``guard`` calibrates and is the known-good set that repairs must keep;
``unseen`` is touched by neither training nor patching and only reported on."""
SPLITS: tuple[Split, ...] = ("train", "guard", "unseen")


@dataclass(frozen=True)
class Message:
    """One turn.

    Raises:
        InputError: the role is unknown or the content holds an unpaired surrogate.
    """

    role: Role
    content: str

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise InputError(f"message role {self.role!r}", f"one of {', '.join(ROLES)}")
        if not isinstance(self.content, str):
            raise InputError(f"message content of type {type(self.content).__name__}", "a string")
        try:
            self.content.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InputError("message content is not valid Unicode (an unpaired surrogate)") from error


@dataclass(frozen=True)
class Conversation:
    """Messages whose last one is the assistant's: that turn is scored. An empty answer is legal and is scored.

    Raises:
        InputError: there is no message, or the last is not the assistant's.
    """

    messages: tuple[Message, ...]

    def __post_init__(self) -> None:
        if not self.messages:
            raise InputError("a conversation without messages", "at least the assistant's turn")
        if self.messages[-1].role != "assistant":
            raise InputError(
                f"the last message is the {self.messages[-1].role}'s", "the assistant's: that turn is what is scored"
            )

    @property
    def context(self) -> tuple[Message, ...]:
        """All turns but the scored one."""
        return self.messages[:-1]

    @property
    def answer(self) -> str:
        """The text of the scored turn."""
        return self.messages[-1].content

    def with_answer(self, answer: str) -> Conversation:
        """The same context with another scored turn."""
        return Conversation((*self.context, Message("assistant", answer)))


def conversation(prompt: str, answer: str) -> Conversation:
    """A single-turn Conversation."""
    return Conversation((Message("user", prompt), Message("assistant", answer)))


@dataclass(frozen=True, eq=False)
class Trajectory:
    """``observations [T, obs]`` float32, optional ``actions [T, act]`` float32, and whether the last step ended the
    episode. Arrays are copied to read-only float32.

    Raises:
        InputError: T is 0, a shape is not 2-D, lengths differ, or a value is NaN or infinite.
    """

    observations: NDArray[np.float32]
    actions: NDArray[np.float32] | None = None
    terminal: bool = False

    def __post_init__(self) -> None:
        observations = _matrix("observations", self.observations)
        object.__setattr__(self, "observations", observations)
        if self.actions is not None:
            actions = _matrix("actions", self.actions)
            if len(actions) != len(observations):
                raise InputError(f"{len(observations)} observations but {len(actions)} actions", "one action a step")
            object.__setattr__(self, "actions", actions)

    def __len__(self) -> int:
        return len(self.observations)


def _matrix(name: str, values: ArrayLike) -> NDArray[np.float32]:
    try:
        array = np.array(values, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} are not a rectangular table of numbers ({error})", "shape [T, dimension]") from error
    if array.ndim != 2 or array.shape[0] == 0 or array.shape[1] == 0:
        raise InputError(f"{name} have shape {list(array.shape)}", "[T, dimension] with T ≥ 1")
    if not np.isfinite(array).all():
        step = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
        raise InputError(f"{name} hold NaN or infinity at step {step}", "finite numbers")
    array.flags.writeable = False
    return array


Input = Conversation | Trajectory
"""What a RewardModel reads."""


def conversation_of(item: Input) -> Conversation:
    """The input, if it is a conversation.

    Raises:
        InputError: it is a trajectory.
    """
    if not isinstance(item, Conversation):
        raise InputError("a trajectory, given to a model of conversations", "messages")
    return item


@dataclass(frozen=True)
class Demonstration:
    """One record of a corpus: an input with its identity.

    ``id`` is the digest of the content (so that equal records have equal ids), ``source`` names where it came
    from (a file stem or the record's own ``source``), ``weight`` ≥ 0 is its weight in training. In a corpus of pairs
    the record is one side of a Comparison: ``comparison`` names it (the same for both sides) and ``id`` is that of the
    side in it, so that an answer that stands in two comparisons is two records.
    """

    id: str
    input: Input
    source: str
    split: Split
    weight: float = 1.0
    comparison: str | None = None
    preference_margin: float | None = None

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise InputError(f"split {self.split!r}", f"one of {', '.join(SPLITS)}")
        if not (np.isfinite(self.weight) and self.weight >= 0):
            raise InputError(f"weight {self.weight}", "a finite number ≥ 0")


@dataclass(frozen=True)
class Comparison:
    """Two answers to one prompt, the chosen first; ``preference_margin`` says by how much, where known.

    Raises:
        InputError: the contexts differ, both answers are the same text, or the margin is not finite.
    """

    chosen: Conversation
    rejected: Conversation
    preference_margin: float | None = None

    def __post_init__(self) -> None:
        if self.chosen.context != self.rejected.context:
            raise InputError("chosen and rejected answer different prompts", "one shared prompt")
        if self.chosen.answer == self.rejected.answer:
            raise InputError("chosen and rejected are the same text", "two different answers")
        if self.preference_margin is not None and not np.isfinite(self.preference_margin):
            raise InputError(f"preference_margin {self.preference_margin}", "a finite number")
