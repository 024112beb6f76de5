"""``iirl train``: corpora → features → weights → a sealed, signed artifact.

Every stage leaves its result under ``runs/NAME/RUN``, where RUN follows from what decides the result. So the same
command after a kill goes on where it stopped, and after success it only finds what is there.

    runs/NAME/RUN/{run.json, features/, features.json, training/, metrics.jsonl, place.json, weights.safetensors}
"""

from __future__ import annotations

from dataclasses import asdict

from cluster.resources import plan_encoders, plan_training
from cluster.session import Session
from iirl_core.canonical import canonical_json, digest_json, folder_of
from iirl_core.config import Config
from iirl_core.corruption import answer_pool
from iirl_core.encoder import Encoder, fit_encoder
from iirl_core.errors import ConfigError
from jobs.console import Progress
from jobs.outcome import Outcome
from jobs.train.encoding import encode_sources
from jobs.train.features import Features
from jobs.train.fitting import fit
from jobs.train.journal import METRICS
from jobs.train.loop import WEIGHTS, TrainingTask
from jobs.train.order import Order
from jobs.train.rows import PARTS
from jobs.train.sealing import assemble_model, build_key, metrics_of, seal_run
from jobs.train.sources import Sources, corrupted_shares, needs_negatives, needs_pairs, parts_of, read_sources

FEATURES = "features.json"
"""Written when the features are whole."""


def run(session: Session, config: Config, progress: Progress) -> Outcome:
    """Train and seal the newest corpora of ``config``.

    Raises:
        NotFound: a corpus was never ingested.
        ConfigError: there is no builder key, a class or split is empty, or the cluster lacks what is asked for.
        ClusterError: training failed more often than allowed.
    """
    store = session.store
    build_key(config)  # training for an hour and then having nothing to sign with helps nobody
    sources = read_sources(store, config)
    folder = f"runs/{config.name}/{run_name(config, sources)}"
    if not store.exists(f"{folder}/{WEIGHTS}"):
        plan_training(session.cluster(), config.train)  # refused now rather than after encoding
    encoder = fit_encoder(config.encoder, (one.input for one in sources.train_demonstrations()))
    if not store.exists(f"{folder}/{FEATURES}"):
        with progress.task("encoding"):
            _encode(session, config, sources, encoder, folder)
    task = _task(session, config, encoder, folder)
    weights = fit(session, task, progress)
    with progress.task("sealing"):
        model, guard = assemble_model(store, config, task, encoder, weights)
        metrics = metrics_of(store, task, guard)
        digest = seal_run(store, config, sources, model=model, guard=guard, metrics=metrics)
    return Outcome(
        made=f"sealed {config.name} {config.version} as {digest[:19]} (loss {metrics['loss_first']:.4g} → "
        f"{metrics['loss_last']:.4g}, guard reward {metrics['guard_reward_mean']:.3f})",
        where=f"artifacts/{folder_of(digest)} in {store.url}; metrics in {folder}/{METRICS}",
        next="iirl evaluate CONFIG.yaml",
    )


def run_name(config: Config, sources: Sources) -> str:
    """16 hexadecimal digits of what decides the weights: not the map (it is fitted afterwards), nor what only decides
    where and how safely training runs.
    """
    train = config.train.model_dump(mode="json", exclude={"cpus_per_worker", "checkpoint_every", "max_failures"})
    document = {
        "seed": config.seed,
        "encoder": config.encoder.model_dump(mode="json"),
        "expertness": config.expertness.model_dump(mode="json"),
        "train": train,
        "corpora": [asdict(entry) for entry in sources.entries()],
    }
    return digest_json(document).removeprefix("sha256:")[:16]


def _encode(session: Session, config: Config, sources: Sources, encoder: Encoder, folder: str) -> None:
    """Write the features, and then that they are whole."""
    store = session.store
    encode_sources(
        store,
        f"{folder}/features",
        sources.shards(),
        encoder,
        parts=parts_of(sources, config),
        pool=answer_pool(sources.train_demonstrations()) if "mismatched" in corrupted_shares(config) else (),
        plan=plan_encoders(session.cluster(), config.train),
    )
    counts: dict[str, int] = {part: len(Features(store, f"{folder}/features", part)) for part in PARTS}
    store.put(f"{folder}/{FEATURES}", canonical_json({"width": encoder.width, **counts}))


def _task(session: Session, config: Config, encoder: Encoder, folder: str) -> TrainingTask:
    features = Features(session.store, f"{folder}/features", "train")
    together = 2 if needs_pairs(config) else 1
    if together > 1:
        features.check_pairs()
    order = Order(len(features), config.train.batch, config.seed, together=together)
    demonstrations, negatives = features.weights()
    if demonstrations == 0:
        raise ConfigError("every demonstration in the train split has weight 0", "some weight > 0")
    if needs_negatives(config) and negatives == 0:
        raise ConfigError("every negative in the train split has weight 0", "some weight > 0")
    return TrainingTask(
        store=session.store.url,
        folder=folder,
        expertness=config.expertness,
        train=config.train,
        width=encoder.width,
        steps=order.steps(config.train.epochs),
        demonstrations=demonstrations,
        negatives=negatives,
        seed=config.seed,
        together=together,
    )
