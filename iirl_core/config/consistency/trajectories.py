"""What only trajectories have, and what only records that are whole episodes have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iirl_core.config.config import Config


def check_trajectories(config: Config) -> None:
    """Refuse what needs trajectories, or whole ones, where there are none.

    Raises:
        ValueError: there are none.
    """
    if config.encoder.kind != "trajectory":
        for corpus in config.corpora:
            if corpus.split.by == "steps":
                raise ValueError(f"corpora: {corpus.name} is split by steps, which only trajectories have")
    episodic = config.expertness.family == "occupancy"
    if episodic and config.encoder.kind != "trajectory":
        raise ValueError("expertness: an occupancy is that of trajectories; give it an encoder of them")
    if config.encoder.kind != "trajectory" and config.evaluate.rollouts:
        raise ValueError("evaluate: rollouts are ranked by a reward of trajectories")
    if config.encoder.kind == "trajectory" and config.encoder.emphasis == "departure":
        for corpus in config.playing("demonstrations"):
            if corpus.segment:
                raise ValueError(f"encoder: emphasis: departure needs to see where {corpus.name} begins: no segment")
    if config.encoder.kind == "trajectory" and config.encoder.terminal == "absorbing":
        if not episodic:
            raise ValueError(f"encoder: {config.expertness.family} scores rows alone, so terminal: ignored")
        for corpus in (*config.playing("demonstrations"), *config.playing("negatives")):
            if corpus.segment:
                raise ValueError(
                    f"encoder: terminal: absorbing counts the steps of a life of {corpus.name}: no segment"
                )
