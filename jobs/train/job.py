"""``iirl train``: corpora → features → weights → a sealed, signed artifact.

Every stage leaves its result under ``runs/NAME/RUN``, where RUN follows from what decides the result. So the same
command after a kill goes on where it stopped, and after success it only finds what is there.

    runs/NAME/RUN/{hold.json, features/, features.json, size.json, training/, metrics.jsonl, place.json, best/,
        tensorboard/, weights.safetensors}

Where the text encoder itself is trained there are tokens/ and tokens.json beside them, and features are only what
calibrates: they are encoded after training, by the trained encoder. What is learnt of the head before
(``train.head_epochs``) lies in head/, as a run in itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cluster.resources import plan_training
from cluster.session import Session
from iirl_core.artifact import Artifact, load_from
from iirl_core.canonical import Digest, folder_of
from iirl_core.config import Config
from iirl_core.config.expertness import EnsembleSection
from iirl_core.config.heads import headed
from iirl_core.encoder import fit_encoder
from iirl_core.store.protocol import Store
from jobs.console import Progress
from jobs.hold import HOLD, held
from jobs.lineage import manifest_of
from jobs.outcome import Outcome
from jobs.train.correcting import read_corrections
from jobs.train.journal import METRICS
from jobs.train.leakage import check_leakage
from jobs.train.learnable import read_sources
from jobs.train.learning import learn
from jobs.train.naming import run_name
from jobs.train.parent import read_parent, sized_as, weights_key
from jobs.train.policies import beside_ratio, find_policies
from jobs.train.preparing import Run
from jobs.train.sealing import assemble_model, build_key, metrics_of, seal_run
from jobs.train.selecting import Selecting, samples_of, select
from jobs.train.sources import SAMPLES, Sources
from jobs.train.tracking import check_trackers
from jobs.train.weights import WEIGHTS


def run(session: Session, config: Config, progress: Progress) -> Outcome:
    """Train and seal the newest corpora of ``config``; where it selects, once for each round.

    Raises:
        NotFound: a corpus was never ingested, or there is no parent.
        ConfigError: there is no builder key, a class or split is empty, both classes are the same records, what is
            trained on is also held out, the cluster lacks what is asked for, or the parent is none to start from.
        ClusterError: training failed more often than allowed.
        ArtifactError: a re-fit does not keep what the root gave its guard set.
        Conflict: another process makes this run.
    """
    store = session.store
    build_key(config)  # training for an hour and then having nothing to sign with helps nobody
    check_trackers(config.train.trackers)
    sources = read_sources(store, config)
    sources = replace(sources, corrected=read_corrections(store, config, sources, progress))
    parent = read_parent(store, config)
    if parent is None:
        config = headed(config)
    section = config.train.select
    if parent is None or section is None:
        return _outcome(store, config, _fit_once(session, config, sources, parent, progress))
    plan_training(session.cluster(), config.train)  # refused now rather than after selecting
    again = any(entry.role == SAMPLES for entry in parent.manifest.corpora)
    asked = [
        Selecting(config.name, config.seed, section, sources.demonstrations, sources.negatives, near, round_)
        for round_, near in enumerate(samples_of(session, section, round_) for round_ in range(section.rounds))
    ]
    for round_, selection in enumerate(select(session, config, asked, progress)):
        chosen = replace(sources, selection=selection, again=again or round_ > 0)
        sealed = _fit_once(session, config, chosen, parent, progress)
        # Not the latest: that is a later round's, or a repaired child, where this command ran before.
        parent = load_from(store, sealed.digest, trust_remote_code=config.trusts_remote_code)
    return _outcome(store, config, sealed)


@dataclass(frozen=True)
class Sealed:
    """What one fit ended in; ``folder`` is its run's place in the store."""

    digest: Digest
    folder: str
    metrics: Mapping[str, float]


def _fit_once(
    session: Session, config: Config, sources: Sources, parent: Artifact | None, progress: Progress
) -> Sealed:
    store = session.store
    policies = find_policies(store, config)
    folder = f"runs/{config.name}/{run_name(config, sources, parent, [one.digest for one in policies])}"
    if not store.exists(f"{folder}/{WEIGHTS}"):
        plan_training(session.cluster(), config.train)  # refused now rather than after encoding
        check_leakage(config, sources, parent)
    if parent is not None:
        config = sized_as(config, parent)
        encoder = parent.model.encoder
    else:
        encoder = fit_encoder(config.encoder, (one.input for one in sources.train_demonstrations()))
    if policies:
        encoder = beside_ratio(store, config, encoder, *policies)
    this = Run(session, config, sources, folder, progress)
    with held(store, f"{folder}/{HOLD}", progress):
        found = learn(this, encoder, None if parent is None else weights_key(parent))
    config = found.configured(config)
    with progress.task("sealing"):
        model, guard = assemble_model(store, config, found, parent=parent)
        metrics = metrics_of(store, found.task, model.rewards(guard.z).detach(), tuned=config.tunes)
        digest = seal_run(store, config, sources, model=model, guard=guard, metrics=metrics, parent=parent)
    return Sealed(digest, folder, metrics)


def _outcome(store: Store, config: Config, sealed: Sealed) -> Outcome:
    manifest, metrics = manifest_of(store, sealed.digest), sealed.metrics
    stepped = isinstance(config.expertness, EnsembleSection)  # of other families there is no first and no last loss
    losses = f"loss {metrics['loss_first']:.4g} → {metrics['loss_last']:.4g}, " if stepped else ""
    return Outcome(
        made=f"sealed {manifest.name} {manifest.version} as {sealed.digest[:19]} ({losses}guard reward "
        f"{metrics['guard_reward_mean']:.3f})",
        where=f"artifacts/{folder_of(sealed.digest)} in {store.url}; metrics in {sealed.folder}/{METRICS}",
        next="iirl evaluate CONFIG.yaml",
    )
