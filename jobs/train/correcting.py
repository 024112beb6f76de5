"""What the repairs of an artifact's chain mended, as corpora that the next training learns from.

    _corrections.NAME.demonstrations    _corrections.NAME.negatives

for the artifact NAME that is trained; no configured corpus may have such a name. Each record's source names the norm
and the finding. All are in the train split: guard set and evaluation never see one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from iirl_core.artifact import Provenance, Supervision
from iirl_core.artifact.repair_files import stored_repairs
from iirl_core.audit import Finding
from iirl_core.canonical import JsonValue
from iirl_core.config import Config
from iirl_core.corpus import Corpus, read_corpus, write_corpus
from iirl_core.demonstration import Demonstration
from iirl_core.errors import ConfigError
from iirl_core.norm import norms_of
from iirl_core.release import resolve
from iirl_core.repair.corrections import Corrections, corrections_of
from iirl_core.signing import Trust
from iirl_core.store.protocol import Store
from iirl_core.triage import Right
from jobs.console import Progress
from jobs.history import history_of
from jobs.lineage import Ancestor, lineage, weights_of
from jobs.train.leakage import key_of, learnt_before, reserved_keys
from jobs.train.needs import needs_pairs
from jobs.train.sources import CORRECTIONS, Sources

SIDES = {"demonstrations": "chosen", "negatives": "rejected"}


@dataclass(frozen=True)
class Corrected:
    """Corpora of corrections by the role that they play, either of which may be none; what may be ``claimed`` of
    something that learnt from them; and whether people's labels shaped them.
    """

    demonstrations: tuple[Corpus, ...]
    negatives: tuple[Corpus, ...]
    claimed: Provenance
    human: bool

    @property
    def corpora(self) -> tuple[Corpus, ...]:
        """All of them."""
        return (*self.demonstrations, *self.negatives)


def read_corrections(store: Store, config: Config, sources: Sources, progress: Progress) -> Corrected | None:
    """The corrections of the chain of ``train.corrections``, written as corpora; None where none are asked for.

    Raises:
        NotFound: there is no such artifact, or a corpus of its own corrections is gone.
        ConfigError: it reads another kind of input, its chain forgot records, or it has mended nothing that the family
            can learn from.
        Tampered, Gated: an ancestor, an audit, or a finding does not hold.
    """
    reference = config.train.corrections
    if reference is None:
        return None
    digest = resolve(store, reference)
    line = list(lineage(store, digest))
    manifest = line[0].manifest
    kind = "conversation" if config.encoder.kind == "text" else "trajectory"
    if manifest.kind != kind:
        raise ConfigError(f"train.corrections: {reference} reads a {manifest.kind}", f"one that reads a {kind}")
    if any(one.manifest.forgotten is not None for one in line):
        raise ConfigError(
            f"train.corrections: the chain of {reference} forgot records, and findings may be edits of them",
            "an artifact that never learnt what was to be forgotten",
        )
    mine = (*sources.demonstrations, *sources.negatives)
    reserved = reserved_keys(config, (*mine, *learnt_before(mine, [*line, *_parents(store, config)])))
    every, rights = _cited(store, config, line)
    cited = [one for one in every if one.origin not in config.audit.held_out]
    made = corrections_of(
        cited,
        {norm.id: norm for norm in norms_of(config)},
        pairs=needs_pairs(config),
        rights=rights,
        reserved=lambda item: key_of(item) in reserved,
    )
    former = _former(store, line, reserved, pairs=needs_pairs(config))
    if needs_pairs(config):
        learnt = _learnt(sources.demonstrations, made.comparisons | former.comparisons)
        made, former = made.without(learnt), former.without(learnt)
    _say(reference, made, former, progress)
    if not len(made) and not len(former):
        raise ConfigError(
            f"train.corrections: no enabled repair of {reference} mends what {config.expertness.family} can learn",
            "a repaired artifact, and norms that say which reward is wrong",
        )
    told: JsonValue = {"of": digest, "silent": dict(made.silent)}
    found = {
        role: _written(store, config, role, [*getattr(made, role), *getattr(former, role)], told) for role in SIDES
    }
    claimed = Provenance(manifest.mode, manifest.supervision).joined(Provenance(supervision=Supervision.WEAK))
    human = manifest.human or any(one.id in rights for one in cited)
    return Corrected(found["demonstrations"], found["negatives"], claimed, human)


def _parents(store: Store, config: Config) -> Iterator[Ancestor]:
    """The chain that the next training starts from, and whose guard set it keeps: it need not be the corrected one."""
    if config.train.parent is not None:
        yield from lineage(store, resolve(store, config.train.parent))


def _cited(store: Store, config: Config, line: list[Ancestor]) -> tuple[list[Finding], dict[str, Right]]:
    """What enabled repairs of the chain cite, those of former trainings among them: an artifact has all repairs since
    its weights were trained, so the newest of each weights is asked. And what people said is right of those.
    """
    names: set[str] = set()
    for ancestor in _newest(line):
        names |= {name for one in stored_repairs(store, ancestor.digest) if one.enabled for name in one.findings}
    history = history_of(store, line[0].digest, Trust.from_folder(Path(config.keys)))
    found = [finding for past in history for finding in past.findings() if finding.id in names]
    told = {name: right for past in history for name, right in past.rights.items() if name in names}
    return found, told


def _newest(line: list[Ancestor]) -> Iterator[Ancestor]:
    """Of all with the same weights, the newest."""
    yield line[0]
    yield from (older for newer, older in pairwise(line) if weights_of(newer.manifest) != weights_of(older.manifest))


def _former(store: Store, line: list[Ancestor], reserved: Collection[str], *, pairs: bool) -> Corrections:
    """Corrections that an artifact of the chain learnt from itself; where ``pairs`` are learnt from, those that are
    sides of some.
    """
    found: dict[str, list[Demonstration]] = {role: [] for role in SIDES}
    entries = {entry.digest: entry for one in line for entry in one.manifest.corpora if entry.role == CORRECTIONS}
    for entry in entries.values():
        records = read_corpus(store, entry.name, entry.digest).demonstrations()
        fitting = (one for one in records if one.comparison is not None or not pairs)
        found[entry.name.rpartition(".")[2]] += [one for one in fitting if key_of(one.input) not in reserved]
    return Corrections(tuple(found["demonstrations"]), tuple(found["negatives"]), {})


def _learnt(corpora: Sequence[Corpus], comparisons: Collection[str]) -> frozenset[str]:
    """Which of the ``comparisons`` have their chosen side in the ``corpora``."""
    wanted = pa.array(sorted(comparisons), pa.string())
    found: set[str] = set()
    for corpus in corpora:
        for table in corpus.batches("train"):
            names = table.column("comparison")
            found.update(names.filter(pc.is_in(names, wanted)).to_pylist())
    return frozenset(found)


def _written(
    store: Store, config: Config, role: str, rows: Sequence[Demonstration], told: JsonValue
) -> tuple[Corpus, ...]:
    """As a corpus one can look at, which records what is ``told``; none where there is no record."""
    if not rows:
        return ()
    name = f"_corrections.{config.name}.{role}"
    paired: dict[str, JsonValue] = {"take": SIDES[role], "paired": True} if needs_pairs(config) else {}
    recorded: JsonValue = {**paired, "corrections": told}
    return (read_corpus(store, name, write_corpus(store, name, rows, config=recorded).digest),)


def _say(reference: str, made: Corrections, former: Corrections, progress: Progress) -> None:
    progress.say(
        f"  corrections of {reference}: {len(made.demonstrations)} demonstrations, {len(made.negatives)} negatives"
        + (f", and {len(former)} that it learnt from itself" if len(former) else "")
    )
    for why, count in sorted(made.silent.items()):
        progress.say(f"    {count} findings teach nothing: {why}")
