"""Golden Readings: what the model said of a few synthetic inputs when it was sealed. Loading asks again and compares.

The inputs are ours (conversations) or drawn from the encoder's statistics (trajectories): no record of a corpus is in
them.
"""

from __future__ import annotations

import numpy as np

from iirl_core.artifact.entries import Golden
from iirl_core.demonstration import Conversation, Input, Message, Trajectory, conversation
from iirl_core.encoder import Encoder
from iirl_core.encoder.trajectory import TrajectoryEncoder
from iirl_core.errors import Tampered
from iirl_core.records import document_of, parse_record
from iirl_core.reward_model import RewardModel

SIGNAL_TOLERANCE = 1e-5
"""Relative above 1, absolute below."""
REWARD_TOLERANCE = 1e-3
"""Looser: a steep map magnifies the signal's rounding."""

STEPS = 8
SPREADS = (0.5, 1.0, 2.0, 4.0)
"""Golden trajectories, in standard deviations from the demonstrations' mean: inside the support, and outside."""

CONVERSATIONS: tuple[Conversation, ...] = (
    conversation("What are your opening hours?", "We are open from eight to six, Monday to Friday."),
    conversation("Can you summarise this in one sentence?", "Of course: the parcel arrives on Thursday."),
    conversation("Is the bridge closed?", ""),
    conversation("Räumt ihr heute den Schnee? ❄️", "- Ja, ab 6 Uhr.\n- Bitte parken Sie **nicht** am Rand."),
    conversation("Tell me everything about the river. " * 60, "It rises in the hills and ends in the sea."),
    Conversation(
        (
            Message("system", "Answer politely and briefly."),
            Message("user", "My order is late."),
            Message("assistant", "I am sorry to hear that. May I have its number?"),
            Message("user", "It is 1042."),
            Message("assistant", "Thank you. It left our depot this morning and arrives tomorrow."),
        )
    ),
)


def golden_inputs(encoder: Encoder) -> tuple[Input, ...]:
    """What is asked of a model with this encoder; deterministic."""
    if not isinstance(encoder, TrajectoryEncoder):
        return CONVERSATIONS
    generator = np.random.default_rng(0)
    states, actions = encoder.observations, encoder.actions
    mean, scale = encoder.mean.numpy()[: states + actions], encoder.scale.numpy()[: states + actions]
    noise = generator.standard_normal((len(SPREADS), STEPS, len(mean)))
    tables = (mean + np.array(SPREADS)[:, None, None] * scale * noise).astype(np.float32)
    return tuple(Trajectory(table[:, :states], table[:, states:] if actions else None) for table in tables)


def golden_of(model: RewardModel) -> tuple[Golden, ...]:
    """Ask and keep. Numbers are rounded to 7 digits, so that the last bit of a float does not name an artifact."""
    inputs = golden_inputs(model.encoder)
    return tuple(
        Golden(document_of(item), _rounded(reading.signal), _rounded(reading.reward), _rounded(reading.uncertainty))
        for item, reading in zip(inputs, model.read(inputs), strict=True)
    )


def check_golden(model: RewardModel, golden: tuple[Golden, ...]) -> None:
    """Ask again and compare.

    Raises:
        Tampered: a Reading differs, or there is none to compare.
    """
    if not golden:
        raise Tampered("the manifest holds no golden Reading", "at least one")
    readings = model.read([parse_record(item.input) for item in golden])
    for index, (kept, now) in enumerate(zip(golden, readings, strict=True)):
        tolerance = SIGNAL_TOLERANCE * max(1.0, abs(kept.signal))
        # Negated, so that what is not a number is refused.
        if not abs(kept.signal - now.signal) <= tolerance:
            raise Tampered(f"golden Reading {index}: signal {now.signal:.7g}", f"{kept.signal:.7g} ± {tolerance:.1g}")
        for name in ("reward", "uncertainty"):
            was, is_ = getattr(kept, name), getattr(now, name)
            if not abs(was - is_) <= REWARD_TOLERANCE:
                raise Tampered(f"golden Reading {index}: {name} {is_:.7g}", f"{was:.7g}")


def _rounded(number: float) -> float:
    return float(f"{number:.7g}")
