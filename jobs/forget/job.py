"""``iirl forget``: an artifact and named records → its child, which has forgotten them.

Every stage leaves its result where ``iirl train`` does, so the same command after a kill goes on where it stopped.

    corpora/NAME/DIGEST/                  what is left; NAME points to it where it pointed to what it was left of
    runs/NAME/RUN/                        as of training
    runs/NAME/RUN/forgotten-CHILD.json    what remains, and how far it is from the same retrained from scratch
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from cluster.session import Session
from iirl_core.artifact import Artifact, ArtifactDraft, load_from, seal
from iirl_core.canonical import digest_json
from iirl_core.config import Config
from iirl_core.corpus import Dropped, find_dropped
from iirl_core.errors import ArtifactError
from iirl_core.release import resolve
from iirl_core.unlearning import Forgotten, Remains, Way, remains, way_of
from jobs.builder import sign_sealed
from jobs.console import Progress
from jobs.forget.charging import Charge
from jobs.forget.leaving import counted_left, left_of, reach_into, rename, touched
from jobs.forget.measuring import witnesses
from jobs.forget.refitting import Refitted, configured, folder_of_run, one_pass, refit
from jobs.forget.reusing import reuse_features
from jobs.forget.telling import apart_from, keep, tell
from jobs.forget.to_forget import ToForget, check_forgettable, sources_behind
from jobs.hold import HOLD, held
from jobs.outcome import Outcome
from jobs.train.learnable import check_sources
from jobs.train.parent import headed_as
from jobs.train.preparing import Run
from jobs.train.sealing import build_key, metrics_of, point


def run(session: Session, config: Config, progress: Progress, asked: ToForget) -> Outcome:
    """Forget what is ``asked``, seal the child, measure what remains, and make it the latest.

    Raises:
        NotFound: there is no such artifact, or a corpus that it learnt from is gone.
        ConfigError: nothing or all is named, a name means no record, there is no builder's key, or the artifact cannot
            forget.
        ClusterError: training failed more often than allowed.
        ArtifactError: what is left of the known-good guard set loses more than ``forget.lost`` allows.
        Conflict: another process makes this run.
    """
    store = session.store
    key = build_key(config)
    parent = load_from(
        store, resolve(store, asked.reference or config.name), trust_remote_code=config.trusts_remote_code
    )
    config = headed_as(config, parent)
    check_forgettable(store, parent, config)
    behind = sources_behind(store, parent, config)
    dropped = find_dropped((*behind.demonstrations, *behind.negatives), asked.ids, asked.sources)
    reach = reach_into(config, behind, dropped)
    way = way_of(reach, one_pass=one_pass(parent), from_scratch=asked.from_scratch)
    settings = configured(config, way)
    check_sources(counted_left(behind, dropped), config)
    sources = left_of(behind, dropped)
    this = Run(session, settings, sources, folder_of_run(settings, sources, parent, way), progress)
    with held(store, f"{this.folder}/{HOLD}", progress):
        reuse_features(this, config, behind, dropped)
        made = refit(this, parent, reach, way)
    _check_charge(made.charge, config.forget.lost, way)
    asked_about = witnesses(behind, dropped)
    with progress.task("measuring what remains"):
        before, after = asked_about.heard(parent.model, made.model)
        lost = {corpus.manifest.name: one for corpus, one in touched(behind, dropped)}
        found = remains(before, after)
        forgotten = _forgotten(lost, made, way, epochs=settings.train.epochs, found=found)
    with progress.task("sealing"):
        draft = ArtifactDraft(
            model=made.model,
            guard=made.guard,
            config=made.fitted.configured(config),
            corpora=sources.entries(),
            metrics=_metrics(this, made, parent, way),
            provenance=sources.provenance(config),
            parent=parent,
            forgotten=forgotten,
        )
        digest = seal(store, draft)
        details = _details(parent, dropped, forgotten)
        sign_sealed(store, key, config.name, digest, kind="forget", details=tuple(details.items()))
    apart = apart_from(store, config, details, asked_about, after)
    keep(store, this.folder, digest, forgotten, apart)
    # Last, so that the same command after a kill finds the records again.
    for name in rename(behind, sources):
        progress.say(
            f"  {name} means a newer corpus by now, which may hold them: forget them from what learns from that, too"
        )
    point(store, f"runs/{config.name}/latest", digest)
    return tell(store, digest, forgotten, apart, progress)


def _forgotten(
    lost: Mapping[str, Dropped], made: Refitted, way: Way, *, epochs: int, found: Remains | None
) -> Forgotten:
    """What the manifest says; ``lost`` is what went, by the name of the corpus, and ``epochs`` is what a fit took."""
    return Forgotten(
        records=sum(len(one) for one in lost.values()),
        corpora=tuple(sorted((name, one.corpus) for name, one in lost.items())),
        way=way,
        epochs=epochs if way in (Way.REFITTED, Way.SCRATCH) else 0,
        dropped=len(made.dropped),
        guarded=made.charge.report.guarded,
        overdrawn=made.charge.report.overdrawn,
        keeps=float(f"{made.charge.report.least:.6g}"),
        against=made.charge.against,
        remains=found,
    )


def _check_charge(charge: Charge, lost: float, way: Way) -> None:
    cost = charge.report
    if cost.overdrawn > lost * cost.guarded:
        more = "forget.epochs more, or forget.lost" if way is Way.REFITTED else "forget.lost more"
        raise ArtifactError(
            f"{cost.overdrawn} of the {cost.guarded} known-good inputs that are left would have lost more than"
            f" {cost.budget:.0%} of what {charge.against[:19]} gave them; the worst keeps {cost.least:.1%}",
            f"at most {lost:.0%} of them (forget.lost)",
            f"Give {more}, or train a new root without the records",
        )


@torch.no_grad()
def _metrics(run: Run, made: Refitted, parent: Artifact, way: Way) -> Mapping[str, float]:
    """Of training; the parent's, where there was none."""
    if way is Way.KEPT:
        return parent.manifest.metrics
    return metrics_of(run.session.store, made.fitted.task, made.model.rewards(made.guard.z), tuned=run.config.tunes)


def _details(parent: Artifact, dropped: Sequence[Dropped], forgotten: Forgotten) -> dict[str, str]:
    """What the log says: how many records, and the digest of their ids, not the ids."""
    ids = sorted({name for one in dropped for name in one.ids})
    return {
        "parent": parent.digest,
        "records": str(forgotten.records),
        "ids": digest_json(ids),
        "way": forgotten.way.value,
    }
