"""How many numbers a row has, as far as that is known before anything is encoded."""

from __future__ import annotations

from iirl_core.config import Config
from iirl_core.config.rows import ACTING
from iirl_core.plan import Backbone


def width_of(config: Config, backbone: Backbone | None, observations: int | None, actions: int | None) -> int | None:
    """Of a text's row, once the shape of its encoder is known; of a trajectory's, once the corpus says of how many
    numbers its states, and the actions in it, are. None before.
    """
    if backbone is not None:
        return backbone.width
    if config.encoder.kind != "trajectory" or observations is None:
        return None
    if config.encoder.rows in ACTING and actions is None:
        return None
    return config.encoder.row_width(observations, actions or 0)
