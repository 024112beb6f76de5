"""What sections must agree in, beyond what each says by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iirl_core.config.consistency.asking import check_asking
from iirl_core.config.consistency.corpora import check_corpora
from iirl_core.config.consistency.learning import check_learning
from iirl_core.config.consistency.refit import check_refit
from iirl_core.config.consistency.trajectories import check_trajectories

if TYPE_CHECKING:
    from iirl_core.config.config import Config


def check_consistency(config: Config) -> None:
    """Refuse sections that do not fit together, each in one line.

    Raises:
        ValueError: some do not.
    """
    check_corpora(config)
    check_learning(config)
    check_trajectories(config)
    check_refit(config)
    check_asking(config)
