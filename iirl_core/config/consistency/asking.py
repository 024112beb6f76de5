"""What audits and evaluations ask must be something that this kind of reward can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iirl_core.config.red_team import WRITTEN

if TYPE_CHECKING:
    from iirl_core.config.config import Config


def check_asking(config: Config) -> None:
    """Refuse probes, norms and suites that do not fit.

    Raises:
        ValueError: some do not.
    """
    optimiser = config.audit.optimiser
    if optimiser is not None and optimiser.pieces > 1 and config.expertness.family == "occupancy":
        raise ValueError("audit.optimiser.pieces: occupancy scores whole episodes; ask them in one piece")
    _check_suites(config, [corpus.name for corpus in config.corpora])
    _check_written(config)
    _check_norms(config)


def _check_suites(config: Config, corpora: list[str]) -> None:
    if config.evaluate.suites and config.encoder.kind != "text":
        raise ValueError("evaluate.suites: they hold answers to prompts; give the model a text encoder")
    if shared := {suite.name for suite in config.evaluate.suites} & set(corpora):
        raise ValueError(f"evaluate.suites: {min(shared)} is the name of a corpus")


def _check_written(config: Config) -> None:
    if config.encoder.kind != "text" and config.audit.language_model is not None:
        raise ValueError("audit.language_model: it writes texts, and there are trajectories")
    for family in WRITTEN:
        if family in config.audit.probes and config.audit.language_model is None and config.encoder.kind == "text":
            raise ValueError(f"audit.probes: {family} asks what a language model says; name it: audit.language_model")


def _check_norms(config: Config) -> None:
    asked = set(config.audit.probes)
    for norm in config.norms:
        if unasked := set(norm.families) - asked:
            raise ValueError(f"norms: {norm.id} needs families that audit.probes does not ask: {sorted(unasked)}")
        if config.encoder.kind == "text" and norm.region is not None:
            raise ValueError(f"norms: {norm.id} has a region, and there are no trajectories; let it match texts")
        if config.encoder.kind != "text" and (norm.matches or norm.files):
            raise ValueError(f"norms: {norm.id} is about texts, and there are trajectories; give it a region")
