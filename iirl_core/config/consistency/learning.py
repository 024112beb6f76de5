"""What the family of expertness must agree in with the encoder, the map and how it is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iirl_core.config.expertness import (
    CONVERSATIONS_ONLY,
    ORDER_ONLY,
    ORDERLESS,
    DiscountSection,
    DiscriminatorSection,
    EnsembleSection,
    Expertness,
    JointSection,
    LogRatioSection,
    beta_of,
    sees_whole_batches,
)

if TYPE_CHECKING:
    from iirl_core.config.config import Config

PART_ROWS = 16
"""Rows that a worker needs at a time under a loss that looks at a whole batch."""


def check_learning(config: Config) -> None:
    """Refuse what cannot be learnt so.

    Raises:
        ValueError: it cannot.
    """
    if isinstance(config.expertness, DiscriminatorSection | JointSection):
        _check_corrupted(config, config.expertness.corrupted.shares(), bool(config.playing("negatives")))
    _check_combined(config.expertness)
    _check_beta(config)
    if config.encoder.kind == "trajectory" and config.length_debias:
        raise ValueError("expertness.length_debias: the length is an answer's; give it a text encoder")
    if config.train.held_out is not None and config.expertness.family == "occupancy":
        raise ValueError("train.held_out: occupancy is learnt in one pass, during which there is nothing to judge")
    if config.mapping.kind == "exponential" and config.expertness.family not in ("autoencoder_mixture", "occupancy"):
        raise ValueError("mapping: exponential maps an error; give this family a sigmoid or a piecewise_linear")
    _check_tuning(config)
    _check_parts(config)
    if isinstance(config.expertness, LogRatioSection) and (config.encoder.kind != "text" or config.tunes):
        raise ValueError("expertness: log_ratio trains nothing and reads texts; give it a frozen text encoder")


def _check_corrupted(config: Config, shares: dict[str, float], told: bool) -> None:
    if not told and not shares:
        raise ValueError(
            f"expertness: {config.expertness.family} needs a corpus with the role negatives, or corrupted ones"
        )
    for name in shares:
        if (name in CONVERSATIONS_ONLY) != (config.encoder.kind == "text"):
            raise ValueError(f"expertness.corrupted: {name} is nothing that an encoder of {config.encoder.kind} reads")
        if name in ORDER_ONLY and config.encoder.kind == "trajectory" and config.encoder.rows in ORDERLESS:
            raise ValueError(f"expertness.corrupted: {name} changes no row of {config.encoder.rows}")


def _check_combined(section: Expertness) -> None:
    if isinstance(section, EnsembleSection) and section.combine != "mean" and section.members < 2:
        raise ValueError("expertness.combine: 1 member disagrees with none; let members be 2 or more")


def _check_beta(config: Config) -> None:
    if not isinstance(beta_of(config.expertness), DiscountSection):
        return
    if config.encoder.kind != "trajectory":
        raise ValueError("expertness.beta: a discount counts steps, and texts have none; give β by sources")
    for corpus in (*config.playing("demonstrations"), *config.playing("negatives")):
        if corpus.segment:
            raise ValueError(f"expertness.beta: a discount counts from where {corpus.name} begins: no segment")


def _check_tuning(config: Config) -> None:
    if config.tunes and config.expertness.family == "autoencoder_mixture":
        raise ValueError(
            "encoder.tuning: what is easiest to reconstruct is an encoder that says the same of every text; give"
            " autoencoder_mixture a frozen encoder, or learn from negatives"
        )
    if config.train.head_epochs and not config.tunes:
        raise ValueError("train.head_epochs: a head over a frozen encoder learns alone anyway; say train.epochs")
    if config.train.gradient_checkpointing and not config.tunes:
        raise ValueError("train.gradient_checkpointing: needs encoder.tuning: full or lora")


def _check_parts(config: Config) -> None:
    """A correlation or a difference of class means needs more than a few rows."""
    rows = config.train.batch // (config.train.workers * config.train.accumulation)
    if sees_whole_batches(config.expertness) and rows < PART_ROWS:
        raise ValueError(
            f"train.batch: a part of {rows} rows tells a loss that looks at a whole batch too little; let batch /"
            f" (workers × accumulation) be at least {PART_ROWS}"
        )
