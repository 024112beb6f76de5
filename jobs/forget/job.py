"""``iirl forget``: an artifact and named records → its child, which has forgotten them.

Every stage leaves its result where ``iirl train`` does, so the same command after a kill goes on where it stopped.

    corpora/NAME/DIGEST/                  what is left; NAME points to it where it pointed to what it was left of
    runs/NAME/RUN/                        as of training
    runs/NAME/RUN/forgotten-CHILD.json    what remains, and how far it is from the same retrained from scratch
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from cluster.session import Session
from iirl_core.artifact import Artifact, ArtifactDraft, load_from, seal
from iirl_core.canonical import Digest, JsonValue, canonical_json, digest_json, folder_of
from iirl_core.config import Config
from iirl_core.corpus import Corpus, Dropped, find_dropped, read_corpus, without
from iirl_core.errors import ArtifactError
from iirl_core.log import entries
from iirl_core.patch import BudgetReport
from iirl_core.patch.budget import BUDGET
from iirl_core.release import resolve
from iirl_core.store.protocol import Store
from iirl_core.unlearning import Distance, Forgotten, Heard, Reach, Way, distance, reach_of, remains, way_of
from jobs.builder import sign_sealed
from jobs.console import Progress
from jobs.forget.asking import Asked, check_forgettable, sources_behind
from jobs.forget.measuring import Witnesses, witnesses
from jobs.forget.refitting import Refitted, configured, folder_of_run, one_pass, refit
from jobs.forget.reusing import reuse_features
from jobs.lineage import manifest_of
from jobs.outcome import Outcome
from jobs.train.preparing import Run
from jobs.train.sealing import build_key, metrics_of, point
from jobs.train.sources import Sources, check_sources, needs_negatives


def run(session: Session, config: Config, progress: Progress, asked: Asked) -> Outcome:
    """Forget what is ``asked``, seal the child, measure what remains, and make it the latest.

    Raises:
        NotFound: there is no such artifact, or a corpus that it learnt from is gone.
        ConfigError: nothing or all is named, a name means no record, there is no builder's key, or the artifact cannot
            forget.
        ClusterError: training failed more often than allowed.
        ArtifactError: what is left of the known-good guard set loses more than ``forget.lost`` allows.
    """
    store = session.store
    key = build_key(config)
    parent = load_from(
        store, resolve(store, asked.reference or config.name), trust_remote_code=config.trusts_remote_code
    )
    check_forgettable(store, parent, config)
    behind = sources_behind(store, parent, config)
    dropped = find_dropped((*behind.demonstrations, *behind.negatives), asked.ids, asked.sources)
    reach = _reach(config, behind, dropped)
    way = way_of(reach, one_pass=one_pass(parent), from_scratch=asked.from_scratch)
    settings = configured(config, way)
    check_sources(_counted(behind, dropped), config)
    sources = left_of(behind, dropped)
    this = Run(session, settings, sources, folder_of_run(settings, sources, parent, way), progress)
    reuse_features(this, config, behind, dropped)
    made = refit(this, parent, reach, way)
    _check_cost(made.cost, config.forget.lost)
    asked_about = witnesses(behind, dropped)
    with progress.task("measuring what remains"):
        before, after = asked_about.heard(parent.model, made.model)
        forgotten = Forgotten(
            records=sum(len(one) for one in dropped),
            corpora=tuple(sorted((corpus.manifest.name, one.corpus) for corpus, one in _touched(behind, dropped))),
            way=way,
            epochs=settings.train.epochs if way in (Way.REFITTED, Way.SCRATCH) else 0,
            dropped=len(made.dropped),
            guarded=made.cost.guarded,
            overdrawn=made.cost.overdrawn,
            keeps=float(f"{made.cost.least:.6g}"),
            remains=remains(before, after),
        )
    with progress.task("sealing"):
        draft = ArtifactDraft(
            model=made.model,
            guard=made.guard,
            config=config,
            corpora=sources.entries(),
            metrics=_metrics(this, made, parent, way),
            provenance=sources.provenance(config),
            parent=parent,
            forgotten=forgotten,
        )
        digest = seal(store, draft)
        details = _details(parent, dropped, forgotten)
        sign_sealed(store, key, config.name, digest, kind="forget", details=tuple(details.items()))
        point(store, f"runs/{config.name}/latest", digest)
    apart = _apart(store, config, details, asked_about, after)
    _keep(store, this.folder, digest, forgotten, apart)
    return _told(store, digest, forgotten, apart, progress)


def _reach(config: Config, behind: Sources, dropped: Sequence[Dropped]) -> Reach:
    """How far they reach into the artifact."""
    splits = {one.corpus: one.splits for one in dropped}
    plays = [("demonstrations", one) for one in behind.demonstrations] + [
        ("negatives", one) for one in behind.negatives
    ]
    found = [(play, splits[corpus.manifest.digest]) for play, corpus in plays]
    return reach_of(found, learns_negatives=needs_negatives(config))


def _touched(behind: Sources, dropped: Sequence[Dropped]) -> list[tuple[Corpus, Dropped]]:
    """The corpora that lose records."""
    corpora = (*behind.demonstrations, *behind.negatives)
    return [(corpus, one) for corpus, one in zip(corpora, dropped, strict=True) if len(one)]


def _counted(behind: Sources, dropped: Sequence[Dropped]) -> Sources:
    """The corpora that will be left, as far as their manifests count records: nothing is written yet."""
    gone = {one.corpus: one for one in dropped}

    def counted(corpus: Corpus) -> Corpus:
        manifest, splits = corpus.manifest, gone[corpus.manifest.digest].splits
        left = {split: count - splits.get(split, 0) for split, count in manifest.splits.items()}
        return replace(corpus, manifest=replace(manifest, rows=sum(left.values()), splits=left))

    shown, negatives = (tuple(map(counted, some)) for some in (behind.demonstrations, behind.negatives))
    return replace(behind, demonstrations=shown, negatives=negatives)


def left_of(behind: Sources, dropped: Sequence[Dropped]) -> Sources:
    """The corpora that are left, written."""
    made = {
        corpus.manifest.digest: read_corpus(corpus.store, corpus.manifest.name, without(corpus, one).digest)
        for corpus, one in _touched(behind, dropped)
    }

    def left(corpora: Sequence[Corpus]) -> tuple[Corpus, ...]:
        return tuple(made.get(corpus.manifest.digest, corpus) for corpus in corpora)

    return replace(behind, demonstrations=left(behind.demonstrations), negatives=left(behind.negatives))


def _check_cost(cost: BudgetReport, lost: float) -> None:
    if cost.overdrawn > lost * cost.guarded:
        raise ArtifactError(
            f"{cost.overdrawn} of the {cost.guarded} known-good inputs that are left would lose more than"
            f" {cost.budget:.0%} of what the root gave them; the worst keeps {cost.least:.1%}",
            f"at most {lost:.0%} of them (forget.lost)",
            "Give forget.epochs more, or forget.lost",
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


def _apart(
    store: Store, config: Config, details: Mapping[str, str], asked_about: Witnesses, after: tuple[Heard, Heard]
) -> tuple[Digest, Distance] | None:
    """How far the child, which says ``after`` of the witnesses, is from one that forgot the same in the other way:
    retrained from scratch, or re-fitted; None where none did.
    """
    other = {Way.REFITTED.value: Way.SCRATCH.value, Way.SCRATCH.value: Way.REFITTED.value}.get(details["way"])
    wanted = {**details, "way": other}
    events = [entry.event for entry in entries(store) if entry.event.kind == "forget"]
    found = [event.subject for event in events if dict(event.details) == wanted]
    if not found or not asked_about.forgotten or not asked_about.never:
        return None
    (heard,) = asked_about.heard(load_from(store, found[-1], trust_remote_code=config.trusts_remote_code).model)
    return found[-1], distance(after, heard)


def _keep(
    store: Store, folder: str, digest: Digest, forgotten: Forgotten, apart: tuple[Digest, Distance] | None
) -> None:
    told: JsonValue = None
    if apart is not None:
        told = {"other": apart[0], "forgotten": apart[1].forgotten, "never": apart[1].never}
    document: JsonValue = {"child": digest, **forgotten.document(), "distance": told}
    store.put(f"{folder}/forgotten-{digest[7:19]}.json", canonical_json(document))


def _told(
    store: Store,
    digest: Digest,
    forgotten: Forgotten,
    apart: tuple[Digest, Distance] | None,
    progress: Progress,
) -> Outcome:
    found = forgotten.remains
    progress.say(
        f"  of {forgotten.guarded} known-good inputs that are left {forgotten.overdrawn} lost more than {BUDGET:.0%} of"
        f" what the root gave them; the worst keeps {forgotten.keeps:.1%}"
    )
    if forgotten.dropped:
        progress.say(f"  {forgotten.dropped} repairs act elsewhere now and were left out: audit and patch again")
    if found is None:
        progress.say("  what remains cannot be measured: no forgotten record was trained on, or none was held back")
        told = "what remains was not measured"
    else:
        progress.say(
            f"  {found.forgotten} forgotten records: mean reward {found.before.forgotten_reward:.3f} →"
            f" {found.after.forgotten_reward:.3f}; {found.never} never seen: {found.before.never_reward:.3f} →"
            f" {found.after.never_reward:.3f}"
        )
        progress.say(f"  told apart by the signal, AUROC: {found.before} → {found.after}; 0.5: by nobody")
        told = f"they can be told from never-seen ones with AUROC {found.after}, before with {found.before}"
    if apart is not None:
        other, gap = apart
        progress.say(
            f"  rewards differ from those of {other[:19]}, which forgot the same in the other way, by"
            f" {gap.forgotten:.4f} on the forgotten and {gap.never:.4f} on never-seen records"
        )
    manifest = manifest_of(store, digest)
    return Outcome(
        made=f"sealed {manifest.name} {manifest.version} as {digest[:19]}, without {forgotten.records} records"
        f" (weights {forgotten.way}): {told}",
        where=f"artifacts/{folder_of(digest)} in {store.url}",
        next="iirl audit CONFIG.yaml",
    )
