"""What corpora must agree in: with each other, with what is sampled, with norms, and with what is learnt of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iirl_core.config.contrast import check_contrast
from iirl_core.config.expertness import BradleyTerrySection

if TYPE_CHECKING:
    from iirl_core.config.config import Config
    from iirl_core.config.corpora import CorpusSection

HELD_TO = {"demonstrations": "ceiling", "negatives": "floor"}
"""The kind of norm that a record of each role can contradict by being there."""


def check_corpora(config: Config) -> None:
    """Refuse corpora that do not fit.

    Raises:
        ValueError: some do not.
    """
    check_contrast(config.contrast, config.corpora, config.expertness.family)
    if len({corpus.name for corpus in config.corpora}) != len(config.corpora):
        raise ValueError("corpora: two have the same name")
    _check_sampled(config)
    _check_screened(config)
    _check_held_to(config)
    if isinstance(config.expertness, BradleyTerrySection):
        _check_comparisons(config)


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


def _rows_of(corpus: CorpusSection) -> tuple[object, ...]:
    """What decides which comparisons are in a corpus: both sides must agree in it."""
    return corpus.files, corpus.split, corpus.near_duplicates, sorted(corpus.decontaminate)
