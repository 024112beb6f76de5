"""What forgetting costs known-good inputs: against what the first artifact of the line gave them.

A child that has forgotten freezes a guard set of its own, with its own rewards. Were each forgetting measured by its
parent's, a chain of them could take any known-good reward away, a twentieth at a time. So all that happened since
training is charged together, as repairs are, for as long as the store has the guard set that training froze.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from iirl_core.artifact import Artifact, load_from
from iirl_core.artifact.guard import GUARD_FILE
from iirl_core.canonical import Digest, folder_of
from iirl_core.encoder import Encoder
from iirl_core.encoder.trajectory import TrajectoryEncoder
from iirl_core.errors import ArtifactError, NotFound
from iirl_core.patch import BudgetReport, check_budget
from iirl_core.patch.budget import BUDGET
from iirl_core.store.protocol import Store
from jobs.lineage import Ancestor, lineage
from jobs.train.dealing import Choice
from jobs.train.features import Features
from jobs.train.preparing import Run, write_features
from jobs.train.sealing import GUARD_ROWS

BEFORE = "before"
"""Where in a run's folder the guard set lies as the encoder of an older artifact reads it."""


@dataclass(frozen=True)
class Charge:
    """``report`` compares with what ``against`` gave the known-good inputs that are left."""

    against: Digest
    report: BudgetReport


def charge(run: Run, parent: Artifact, encoder: Encoder, z: Tensor, rewards: Tensor) -> Charge:
    """Of a child of ``parent``: ``z [G, D]`` is its guard set, as its ``encoder`` reads it, ``rewards [G]`` what it
    gives.

    Raises:
        ArtifactError: nothing is left of the first one's guard set.
        Tampered: the first one does not hold.
    """
    oldest = oldest_of(run.session.store, parent)
    first = _held(run, parent, oldest)
    given = first.guard.given(_before(run, first, encoder, z))
    known = ~given.isnan()
    if not bool(known.any()):
        raise ArtifactError("no row of the guard set is left", "some that the root rewarded", "Train a new root")
    return Charge(oldest.digest, check_budget(given[known], rewards[known], BUDGET))


def oldest_of(store: Store, parent: Artifact) -> Ancestor:
    """The oldest artifact of the line of which the store has the guard set: of ancestors that learnt from forgotten
    records only the manifest may be left, or nothing.

    Raises:
        Tampered: a manifest of the line does not hold.
    """
    oldest = Ancestor(parent.digest, parent.manifest)
    try:
        for one in lineage(store, parent.digest):
            if store.exists(f"artifacts/{folder_of(one.digest)}/guard/{GUARD_FILE}"):
                oldest = one
    except NotFound:
        pass
    return oldest


def _held(run: Run, parent: Artifact, oldest: Ancestor) -> Artifact:
    """What the ``oldest`` is read as: ``parent``, where it has the same guard set."""
    if oldest.manifest.guard.digest == parent.manifest.guard.digest:
        return parent
    return load_from(run.session.store, oldest.digest, trust_remote_code=run.config.trusts_remote_code)


def _before(run: Run, first: Artifact, new: Encoder, z: Tensor) -> Tensor:
    """The guard set's rows, which the ``new`` encoder reads as ``z``, as the ``first`` one's reads them."""
    old = first.model.encoder
    if old is new:
        return z
    if isinstance(old, TrajectoryEncoder) and isinstance(new, TrajectoryEncoder):
        return old.read_again(z, new)
    if not run.config.tunes:  # a frozen text encoder is one and the same along the line
        return z
    there = replace(run, folder=f"{run.folder}/{BEFORE}-{first.digest[7:19]}")
    write_features(there, old, Choice(("guard",)))
    return Features(run.session.store, f"{there.folder}/features", "guard").head(GUARD_ROWS)
