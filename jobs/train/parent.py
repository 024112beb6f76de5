"""The artifact that a re-fit starts from: found, loaded, and of the shape that the configuration asks for."""

from __future__ import annotations

from iirl_core.artifact import Artifact, load_from
from iirl_core.artifact.environment import portable_config
from iirl_core.canonical import JsonValue, folder_of
from iirl_core.config import Config
from iirl_core.config.expertness import HeadSection, MixtureSection
from iirl_core.config.heads import headed
from iirl_core.config.sizes import with_size
from iirl_core.errors import ConfigError
from iirl_core.expertness import build_expertness
from iirl_core.expertness.heads import Heads
from iirl_core.release import resolve
from iirl_core.store.protocol import Store
from jobs.lineage import WEIGHTS


def read_parent(store: Store, config: Config) -> Artifact | None:
    """The artifact of ``train.parent``, verified; None where none is asked for.

    Raises:
        NotFound: there is none under that name.
        Tampered: it is not what its manifest says.
        ConfigError: it cannot be the parent (``check_parent``).
    """
    if config.train.parent is None:
        return None
    digest = resolve(store, config.train.parent)
    parent = load_from(store, digest, trust_remote_code=config.trusts_remote_code)
    check_parent(parent, config, f"train.parent {config.train.parent}")
    return parent


def check_parent(parent: Artifact, config: Config, named: str) -> None:
    """Nothing to do where training can start from its weights; ``named`` is what a user calls it.

    Raises:
        ConfigError: another encoder, another family, or a checkpoint of another shape.
    """
    manifest = parent.manifest
    family, wanted = manifest.expertness.get("family"), config.expertness.family
    if family != wanted:
        raise ConfigError(f"{named} is a parent of another family, {family}", wanted)
    mine, theirs = _encoder(portable_config(config)), _encoder(manifest.config)
    if mine != theirs:
        key = min(key for key in {*mine, *theirs} if mine.get(key) != theirs.get(key))
        raise ConfigError(f"{named} has another encoder: {key} {theirs.get(key)!r}", f"{mine.get(key)!r}")
    fresh = build_expertness(sized_as(config, parent).expertness, parent.model.encoder.width).state_dict()
    held = parent.model.expertness.state_dict()
    for name in sorted({*fresh, *held}):
        shapes = [list(state[name].shape) if name in state else None for state in (held, fresh)]
        if shapes[0] != shapes[1]:
            raise ConfigError(
                f"{named} is a checkpoint of another shape: its {name} is {shapes[0] or 'missing'}",
                f"{shapes[1] or 'none'}",
                "See expertness",
            )


def headed_as(config: Config, parent: Artifact) -> Config:
    """``config``, and where it leaves heads open and ``parent``'s have no hidden units, with none."""
    model = parent.model.expertness
    return headed(config) if isinstance(model, Heads) and model.linear else config


def sized_as(config: Config, parent: Artifact) -> Config:
    """``config``, and where it leaves the size of a mixture or of heads open with the parent's: its weights are what is
    started from.
    """
    section, sealed, model = config.expertness, parent.manifest.expertness, parent.model.expertness
    if sealed.get("family") != section.family:
        return config
    if isinstance(section, MixtureSection):
        theirs = MixtureSection.model_validate(sealed)
        return config.model_copy(update={"expertness": with_size(section, theirs.experts, theirs.bottleneck)})
    if isinstance(section, HeadSection) and section.hidden is None and isinstance(model, Heads):
        return config.model_copy(update={"expertness": section.model_copy(update={"hidden": model.units})})
    return config


def weights_key(parent: Artifact) -> str:
    """Where its weights lie in the store."""
    return f"artifacts/{folder_of(parent.digest)}/{WEIGHTS}"


def _encoder(document: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """What decides its rows: not how many texts it reads at a time, nor whether and how it was itself trained."""
    section = document.get("encoder")
    once: dict[str, JsonValue] = {"weights": "fp32", "truncation": "context"}  # as all were held, and cut
    found = {**once, **(section if isinstance(section, dict) else {})}
    aside = ("batch", "trust_remote_code", "tuning", "lora", "dropout")
    # What older artifacts do not say is null in newer ones.
    return {key: value for key, value in found.items() if key not in aside and value is not None}
