"""What sections must agree in, beyond what each says by itconfig."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iirl_core.config.contrast import check_contrast
from iirl_core.config.expertness import (
    CONVERSATIONS_ONLY,
    ORDER_ONLY,
    ORDERLESS,
    BradleyTerrySection,
    DiscountSection,
    DiscriminatorSection,
    EnsembleSection,
    Expertness,
    JointSection,
    LogRatioSection,
    beta_of,
    sees_whole_batches,
)
from iirl_core.config.red_team import WRITTEN

if TYPE_CHECKING:
    from iirl_core.config.config import Config
    from iirl_core.config.corpora import CorpusSection

HELD_TO = {"demonstrations": "ceiling", "negatives": "floor"}
"""The kind of norm that a record of each role can contradict by being there."""
PART_ROWS = 16
"""Rows that a worker needs at a time under a loss that looks at a whole batch."""


def check_consistency(config: Config) -> None:
    """Refuse sections that do not fit together, each in one line.

    Raises:
        ValueError: some do not.
    """
    check_contrast(config.contrast, config.corpora, config.expertness.family)
    names = [corpus.name for corpus in config.corpora]
    if len(set(names)) != len(names):
        raise ValueError("corpora: two have the same name")
    _check_sampled(config)
    _check_screened(config)
    _check_held_to(config)
    if isinstance(config.expertness, DiscriminatorSection | JointSection):
        _check_corrupted(config, config.expertness.corrupted.shares(), bool(config.playing("negatives")))
    if isinstance(config.expertness, BradleyTerrySection):
        _check_comparisons(config)
    _check_combined(config.expertness)
    _check_beta(config)
    if config.encoder.kind == "trajectory" and config.length_debias:
        raise ValueError("expertness.length_debias: the length is an answer's; give it a text encoder")
    if config.train.held_out is not None and config.expertness.family == "occupancy":
        raise ValueError("train.held_out: occupancy is learnt in one pass, during which there is nothing to judge")
    optimiser = config.audit.optimiser
    if optimiser is not None and optimiser.pieces > 1 and config.expertness.family == "occupancy":
        raise ValueError("audit.optimiser.pieces: occupancy scores whole episodes; ask them in one piece")
    if config.mapping.kind == "exponential" and config.expertness.family not in ("autoencoder_mixture", "occupancy"):
        raise ValueError("mapping: exponential maps an error; give this family a sigmoid or a piecewise_linear")
    _check_trajectories(config)
    _check_refit(config)
    _check_suites(config, names)
    _check_tuning(config)
    _check_parts(config)
    if isinstance(config.expertness, LogRatioSection) and (config.encoder.kind != "text" or config.tunes):
        raise ValueError("expertness: log_ratio trains nothing and reads texts; give it a frozen text encoder")
    _check_written(config)
    asked = set(config.audit.probes)
    for norm in config.norms:
        if unasked := set(norm.families) - asked:
            raise ValueError(f"norms: {norm.id} needs families that audit.probes does not ask: {sorted(unasked)}")
        if config.encoder.kind == "text" and norm.region is not None:
            raise ValueError(f"norms: {norm.id} has a region, and there are no trajectories; let it match texts")
        if config.encoder.kind != "text" and (norm.matches or norm.files):
            raise ValueError(f"norms: {norm.id} is about texts, and there are trajectories; give it a region")


def _check_written(config: Config) -> None:
    if config.encoder.kind != "text" and config.audit.language_model is not None:
        raise ValueError("audit.language_model: it writes texts, and there are trajectories")
    for family in WRITTEN:
        if family in config.audit.probes and config.audit.language_model is None and config.encoder.kind == "text":
            raise ValueError(f"audit.probes: {family} asks what a language model says; name it: audit.language_model")


def _check_parts(config: Config) -> None:
    """A correlation or a difference of class means needs more than a few rows."""
    rows = config.train.batch // (config.train.workers * config.train.accumulation)
    if sees_whole_batches(config.expertness) and rows < PART_ROWS:
        raise ValueError(
            f"train.batch: a part of {rows} rows tells a loss that looks at a whole batch too little; let batch /"
            f" (workers × accumulation) be at least {PART_ROWS}"
        )


def _check_sampled(config: Config) -> None:
    sampled = [one.name for one in config.sample]
    if len(set(sampled)) != len(sampled):
        raise ValueError("sample: two have the same name")
    for corpus in config.corpora:
        if (corpus.name in sampled) == bool(corpus.files):
            raise ValueError(f"corpora: {corpus.name} needs files, or an entry in sample of that name; not both")
        if corpus.name in sampled and (ignored := corpus.ingest_keys()):
            raise ValueError(
                f"corpora: {corpus.name} is sampled, not ingested: an answer has its prompt's split and weight, so"
                f" nothing reads {', '.join(ignored)}"
            )


def _check_screened(config: Config) -> None:
    for corpus in config.corpora:
        for key in ("near_duplicates", "decontaminate"):
            if getattr(corpus, key) and config.encoder.kind != "text":
                raise ValueError(f"corpora: {key} in {corpus.name} compares texts, and there are trajectories")
        if corpus.name in corpus.decontaminate:
            raise ValueError(f"corpora: {corpus.name} is to be decontaminated from itself")


def _check_held_to(config: Config) -> None:
    norms = {norm.id: norm for norm in config.norms}
    for corpus in config.corpora:
        for name in corpus.norms:
            norm, kind = norms.get(name), HELD_TO.get(corpus.role)
            if norm is None:
                raise ValueError(f"corpora: {corpus.name} is held to {name}, and there is no such norm")
            by_itself = norm.kind == "predicate" or (norm.kind == kind and (norm.matches or norm.region))
            if kind is None or not by_itself:
                wanted = " or ".join(f"{role} to a {kind}" for role, kind in HELD_TO.items())
                raise ValueError(
                    f"corpora: {corpus.name} ({corpus.role}) is held to {name} ({norm.kind}); what can be held is"
                    f" {wanted}, with matches or a region, or either to a predicate"
                )
            if norm.region is not None and getattr(norm.region, "observed", None) is not None:
                raise ValueError(
                    f"corpora: {corpus.name} is held to {name}, whose region is measured on demonstrations"
                )
        if corpus.norms and corpus.paired:
            raise ValueError(
                f"corpora: norms would leave half of a comparison in {corpus.name}, whose records are paired"
            )


def _check_refit(config: Config) -> None:
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


def _check_trajectories(config: Config) -> None:
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


def _check_suites(config: Config, corpora: list[str]) -> None:
    if config.evaluate.suites and config.encoder.kind != "text":
        raise ValueError("evaluate.suites: they hold answers to prompts; give the model a text encoder")
    if shared := {suite.name for suite in config.evaluate.suites} & set(corpora):
        raise ValueError(f"evaluate.suites: {min(shared)} is the name of a corpus")


def _check_tuning(config: Config) -> None:
    if config.tunes and config.expertness.family == "autoencoder_mixture":
        raise ValueError(
            "encoder.tuning: what is easiest to reconstruct is an encoder that says the same of every text; give"
            " autoencoder_mixture a frozen encoder, or learn from negatives"
        )
    if config.train.gradient_checkpointing and not config.tunes:
        raise ValueError("train.gradient_checkpointing: needs encoder.tuning: full or lora")


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


def _check_comparisons(config: Config) -> None:
    if config.encoder.kind != "text":
        raise ValueError("expertness: bradley_terry compares answers to a prompt; give it a text encoder")
    sides = {"chosen": config.playing("demonstrations"), "rejected": config.playing("negatives")}
    for side, corpora in sides.items():
        for corpus in corpora:
            if corpus.take != side or not corpus.paired:
                raise ValueError(
                    f"corpora: bradley_terry needs take: {side} and paired: true in {corpus.name} ({corpus.role})"
                )
    chosen, rejected = (sorted(repr(_rows_of(one)) for one in corpora) for corpora in sides.values())
    if chosen != rejected:
        raise ValueError(
            "corpora: each file of comparisons needs two corpora, take: chosen and take: rejected, of one split,"
            " near_duplicates and decontaminate"
        )
    if config.train.batch % (2 * config.train.workers * config.train.accumulation):
        parts = f" in {config.train.accumulation} parts each" if config.train.accumulation > 1 else ""
        workers = f"{config.train.workers} workers{parts}"
        raise ValueError(f"train.batch: {config.train.batch} rows are not whole comparisons for {workers}")


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


def _rows_of(corpus: CorpusSection) -> tuple[object, ...]:
    """What decides which comparisons are in a corpus: both sides must agree in it."""
    return corpus.files, corpus.split, corpus.near_duplicates, sorted(corpus.decontaminate)
