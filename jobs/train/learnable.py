"""Whether corpora can be learnt from at all: checked before anything starts."""

from __future__ import annotations

from iirl_core.config import Config
from iirl_core.config.expertness import MixtureSection, SourcesSection, beta_of
from iirl_core.config.mapping import ExponentialSection
from iirl_core.config.rows import ACTING
from iirl_core.config.sizes import check_size
from iirl_core.corpus import read_corpus
from iirl_core.demonstration import SPLITS
from iirl_core.errors import ConfigError
from iirl_core.store.protocol import Store
from jobs.train.needs import corrupted_shares, needs_negatives, needs_pairs
from jobs.train.rows import PAIRS
from jobs.train.shapes import shapes_of
from jobs.train.sources import ROLES, Sources
from jobs.train.wholeness import check_wholeness
from jobs.train.width import width_of

RERUN = "Add records, or change corpora[].split, then run: iirl ingest CONFIG.yaml"


def read_sources(store: Store, config: Config) -> Sources:
    """The newest corpora that ``config`` names.

    Raises:
        NotFound: one was never ingested.
        ConfigError: they cannot be learnt from (``check_sources``), both classes are the same records, a class weighs
            nothing, ``expertness.beta`` names a source of no record, or a bottleneck is as wide as the rows.
        Tampered: a shard that was looked into does not match its digest.
    """
    shown, negatives = (tuple(read_corpus(store, one.name) for one in config.playing(role)) for role in ROLES)
    sources = Sources(shown, negatives, {section.name: section.role for section in config.corpora})
    check_sources(sources, config)
    _check_apart(sources)
    _check_weights(sources, config)
    _check_beta(sources, config)
    _check_size(sources, config)
    return sources


def check_sources(sources: Sources, config: Config) -> None:
    """Refuse what would only fail after the encoder has run, as far as manifests tell.

    * every corpus is of the encoder's kind, and trajectories have one shape, and are whole where that is asked for;
    * demonstrations are in the train and in the guard split;
    * a family that learns from negatives has some in the train split, or makes some of demonstrations;
    * a map that is anchored at a contrast has some: negatives of the train or guard split, or made ones;
    * where a family compares, corpora remember their comparisons, and every split holds both sides of each.

    Raises:
        ConfigError: one of these does not hold.
    """
    kind = "conversation" if config.encoder.kind == "text" else "trajectory"
    manifests = [corpus.manifest for corpus in (*sources.demonstrations, *sources.negatives)]
    for manifest in manifests:
        if manifest.kind != kind:
            raise ConfigError(f"encoder.kind {config.encoder.kind}, but corpus {manifest.name} holds {manifest.kind}s")
    shapes = {(manifest.observation_width, manifest.action_width) for manifest in manifests}
    if kind == "trajectory" and len({shape if _reads_actions(config) else shape[0] for shape in shapes}) > 1:
        raise ConfigError(f"corpora of observation and action dimensions {sorted(shapes, key=str)}", "one shape")
    if config.encoder.kind == "trajectory":
        check_wholeness((*sources.demonstrations, *sources.negatives), config.encoder)
    for split in ("train", "guard"):
        if sources.count("demonstrations", split) == 0:
            raise ConfigError(f"no demonstration is in the {split} split", "at least one", RERUN)
    if needs_negatives(config) and sources.count("negatives", "train") == 0 and not corrupted_shares(config):
        raise ConfigError(f"{config.expertness.family} without a negative in the train split", "at least one", RERUN)
    _check_contrast(sources, config)
    if needs_pairs(config):
        _check_pairs(sources)


def _check_apart(sources: Sources) -> None:
    """Two classes of the same records, in the same splits and of the same weights, leave nothing to tell apart."""
    shown, negatives = ([one.manifest for one in some] for some in (sources.demonstrations, sources.negatives))
    if {one.content for one in shown} == {one.content for one in negatives}:
        names = " and ".join(dict.fromkeys(one.name for one in (*shown, *negatives)))
        raise ConfigError(
            f"the same records are demonstrations and negatives ({names})",
            "records that can be told apart",
            "Change files or take of one in corpora[], then run: iirl ingest CONFIG.yaml",
        )


def _check_weights(sources: Sources, config: Config) -> None:
    sides = {"demonstration": sources.demonstrations}
    if needs_negatives(config) and not corrupted_shares(config):
        sides["negative"] = sources.negatives
    for called, corpora in sides.items():
        if not any(corpus.weighs("train") for corpus in corpora):
            raise ConfigError(f"every {called} in the train split has weight 0", "some weight > 0", RERUN)


def _check_beta(sources: Sources, config: Config) -> None:
    beta = beta_of(config.expertness)
    if isinstance(beta, SourcesSection):
        known = set().union(*(corpus.sources() for corpus in (*sources.demonstrations, *sources.negatives)))
        if missing := set(beta.sources) - known:
            raise ConfigError(f"expertness.beta: no record has the source {min(missing)}", f"of {sorted(known)[:8]}")


def _check_size(sources: Sources, config: Config) -> None:
    """A re-fit has its parent's size; only mixtures have one."""
    if config.train.parent is not None or not isinstance(config.expertness, MixtureSection):
        return
    manifest = sources.demonstrations[0].manifest
    width = width_of(config, shapes_of(config).encoder, manifest.observation_width, manifest.action_width)
    if width is not None:
        check_size(config.expertness, width)


def _check_contrast(sources: Sources, config: Config) -> None:
    """An exponential map is anchored at samples of the support where there is none."""
    if isinstance(config.mapping, ExponentialSection) or corrupted_shares(config):
        return
    if not any(sources.count("negatives", split) for split in ("train", "guard")):
        raise ConfigError(
            f"mapping: {config.mapping.kind} needs a contrast, and there is no negative in the train or guard split",
            "a corpus with the role negatives",
            RERUN,
        )


def _check_pairs(sources: Sources) -> None:
    for corpus in (*sources.demonstrations, *sources.negatives):
        recorded = corpus.manifest.config
        if not isinstance(recorded, dict) or recorded.get("paired") is not True:
            raise ConfigError(
                f"corpus {corpus.manifest.name} was ingested without paired: true", todo="iirl ingest CONFIG.yaml"
            )
    for split in SPLITS:
        chosen, rejected = (sources.count(role, split) for role in ROLES)
        if chosen != rejected:
            raise ConfigError(
                f"{chosen} chosen but {rejected} rejected sides in the {split} split", "both sides of each", PAIRS
            )


def _reads_actions(config: Config) -> bool:
    return config.encoder.kind == "trajectory" and config.encoder.rows in ACTING
