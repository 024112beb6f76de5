"""What a re-fit, and a training on corrections, can start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iirl_core.config.config import Config


def check_refit(config: Config) -> None:
    """Refuse a parent, corrections or a selection that this run cannot use.

    Raises:
        ValueError: it cannot.
    """
    parent, select = config.train.parent, config.train.select
    if parent == config.name:
        raise ValueError(f"train.parent: {parent} is what this run seals; give a digest, or another name")
    if config.train.corrections == config.name:
        raise ValueError(f"train.corrections: {config.name} is what this run seals; give a digest, or another name")
    if config.train.corrections is not None and config.expertness.family in ("occupancy", "log_ratio"):
        raise ValueError(f"train.corrections: {config.expertness.family} has no weights that they could change")
    if parent is not None and config.expertness.family == "occupancy":
        raise ValueError("train.parent: an occupancy is measured anew, from no weights")
    if parent is not None and config.expertness.family == "log_ratio":
        raise ValueError("train.parent: a log_ratio has no weights of its own to start from")
    if parent is not None and config.tunes:
        raise ValueError("train.parent: the root's guard set is kept as its encoder reads it; tuning: frozen")
    if select is None:
        return
    if parent is None or config.expertness.family != "bradley_terry":
        raise ValueError("train.select: a re-fit by Bradley–Terry; it needs train.parent and that family")
    samples = [corpus.name for corpus in config.corpora if corpus.role == "samples"]
    if missing := set(select.samples) - set(samples):
        raise ValueError(f"train.select.near: {min(missing)} is no corpus with the role samples")
