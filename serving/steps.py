"""What a trainer that learns from single steps receives: enforcement on each step, so that no mean hides one."""

from __future__ import annotations

from dataclasses import replace

from iirl_core.enforcement import enforce
from iirl_core.reading import Action, Score
from serving.served import Served


def delivered_steps(served: Served, score: Score) -> list[float | None] | None:
    """One number per step, after enforcement and β; empty for a conversation.

    Each step is judged by its own reward, under the trajectory's uncertainties (those of its worst step). Where the
    whole is blocked, so is every step. None in place of a step: the release refuses to give a number for what it
    blocks; None in place of the list: it refuses the trajectory, as ``delivered`` does.
    """
    if score.delivered is None:
        return None
    if score.action is Action.BLOCK:
        return [score.delivered] * len(score.reading.step_rewards)
    steps = (replace(score.reading, reward=reward) for reward in score.reading.step_rewards)
    return [enforce(step, score.coverage_uncertainty, served.thresholds, served.known_good).delivered for step in steps]
