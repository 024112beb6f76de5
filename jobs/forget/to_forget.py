"""What an artifact is asked to forget, and whether it can: checked before anything starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from iirl_core.artifact import Artifact
from iirl_core.canonical import JsonValue
from iirl_core.config import Config
from iirl_core.corpus import Corpus, read_corpus
from iirl_core.errors import ConfigError, NotFound
from iirl_core.store.protocol import Store
from jobs.lineage import trained
from jobs.train.parent import check_parent
from jobs.train.sources import CORRECTIONS, ROLES, Sources


@dataclass(frozen=True)
class ToForget:
    """``reference`` names the artifact (None: the latest); records are named by the ``sources`` that they came from
    and by their ``ids``.

    Raises:
        ConfigError: none is named.
    """

    reference: str | None
    sources: tuple[str, ...]
    ids: tuple[str, ...]
    from_scratch: bool

    def __post_init__(self) -> None:
        if not self.sources and not self.ids:
            raise ConfigError("iirl forget without a record", "--source, --id or --ids")


def ids_in(path: Path) -> tuple[str, ...]:
    """The ids in a file, one a line.

    Raises:
        ConfigError: it cannot be read, or holds none.
    """
    try:
        lines = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--ids {path} cannot be read ({error})", "a text file with one id a line") from error
    if not lines:
        raise ConfigError(f"--ids {path} is empty", "one id a line")
    return tuple(lines)


def check_forgettable(store: Store, parent: Artifact, config: Config) -> None:
    """Nothing to do where the weights of ``parent`` can be made anew from what is left.

    Raises:
        ConfigError: it has no weights of its own, learnt through another artifact's, or is not what ``config`` makes.
    """
    named = f"artifact {parent.digest[:19]}"
    if parent.manifest.expertness.get("family") == "log_ratio":
        raise ConfigError(
            f"{named} compares two language models and has no head of its own: what it learnt is in its π_SFT",
            "a family that is trained",
            "Remove the records from what iirl imitate learns from, and imitate anew",
        )
    train = _object(trained(store, parent.digest).manifest.config.get("train"))
    if train.get("parent") is not None:
        raise ConfigError(
            f"{named} was re-fitted from {train['parent']}, which learnt from records, too",
            "an artifact whose weights all come from its own corpora",
            f"Forget in {train['parent']} first, then train from its child",
        )
    if any(entry.role == CORRECTIONS for entry in parent.manifest.corpora):
        raise ConfigError(
            f"{named} learnt from corrections, which are made of records and do not say of which",
            "an artifact that learnt from its own corpora alone",
            "Train a new root on what is left, without train.corrections",
        )
    check_parent(parent, config, named)


def sources_behind(store: Store, parent: Artifact, config: Config) -> Sources:
    """The corpora that ``parent`` learnt from, as its manifest names them.

    Raises:
        ConfigError: ``config`` learns from others.
        NotFound: one is gone.
    """
    learnt = {entry.name: entry.digest for entry in parent.manifest.corpora}
    played = {one.name for role in ROLES for one in config.playing(role)}
    if strange := sorted(played ^ set(learnt)):
        raise ConfigError(
            f"artifact {parent.digest[:19]} and the configuration differ in corpus {strange[0]}",
            f"what it learnt from: {', '.join(sorted(learnt))}",
        )

    def corpus(name: str) -> Corpus:
        try:
            return read_corpus(store, name, learnt[name])
        except NotFound as error:
            raise NotFound(
                f"corpus {name} {learnt[name][:19]}, which {parent.digest[:19]} learnt from, is gone",
                f"it in {store.url}",
                "Ingest the same files again, or train a new root without the records",
            ) from error

    shown, negatives = (tuple(corpus(one.name) for one in config.playing(role)) for role in ROLES)
    return Sources(shown, negatives, {section.name: section.role for section in config.corpora})


def _object(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}
