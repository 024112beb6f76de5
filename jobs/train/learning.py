"""Learning: what a run reads is made, and its weights are fitted to that, from fresh ones or from a parent's."""

from __future__ import annotations

from dataclasses import replace

from iirl_core.config import Config
from iirl_core.config.encoding import TextEncoderSection
from iirl_core.encoder import Encoder
from iirl_core.errors import ConfigError
from jobs.train.dealing import Choice
from jobs.train.fitting import fit
from jobs.train.loop import TrainingTask, open_rows, order_of
from jobs.train.needs import needs_negatives, needs_pairs
from jobs.train.preparing import Run, write_features, write_tokens
from jobs.train.sealing import CALIBRATION_ROWS, Fitted
from jobs.train.sizing import sized
from jobs.train.weights import WEIGHTS

HEAD = "head"
"""Under a run's folder: what is learnt of the head before the encoder is trained with it."""
SPARE = 1.1
"""How many more training rows are encoded for calibration than it reads: which are read follows a hash, not a count."""


def learn(run: Run, encoder: Encoder, start: str | None = None) -> Fitted:
    """Make what is read, and fit: from the weights under the key ``start`` (None: from fresh ones). ``encoder`` is
    trained with them where the configuration says so. Who calls holds the run (``held``).

    Raises:
        ConfigError, ClusterError: as ``jobs.train.job.run``.
    """
    if run.config.tunes:
        return _tuned(run, encoder, start)
    write_features(run, encoder, Choice())
    run = replace(run, config=sized(run))
    task = replace(task_of(run, encoder), start=start)
    return Fitted(encoder, task, fit(run.session, task, run.progress))


def _tuned(run: Run, encoder: Encoder, start: str | None) -> Fitted:
    """The trained encoder, and the weights of the expertness on top of it; the features that calibrate lie there."""
    import ray

    from iirl_core.encoder.text import TextEncoder  # transformers takes seconds to import: only for text
    from iirl_core.tuning.transformer import check_tuning, trained_encoder, trained_expertness

    section = run.config.encoder
    if not isinstance(encoder, TextEncoder) or not isinstance(section, TextEncoderSection):
        raise ConfigError(f"encoder.tuning of a {section.kind} encoder", "text")
    checkpointing = run.config.train.gradient_checkpointing
    check_tuning(encoder, section.adapters, checkpointing=checkpointing, dropout=section.dropout)
    done = run.session.store.exists(f"{run.folder}/{WEIGHTS}")
    if start is None and run.config.train.head_epochs and not done:
        start = _learn_head(run, encoder)
    write_tokens(run, encoder.rendering)
    task = replace(task_of(run, encoder), adapters=section.adapters, dropout=section.dropout, start=start)
    if not done:
        run.session.ray()
        task = replace(task, encoder=ray.put(encoder))
    weights = fit(run.session, task, run.progress)
    encoder = trained_encoder(encoder, weights, section.adapters)
    sample = min(1.0, SPARE * CALIBRATION_ROWS / run.sources.count("demonstrations", "train"))
    write_features(run, encoder, Choice(("train", "guard", "contrast"), sample))
    return Fitted(encoder, task, trained_expertness(weights))


def head_alone(config: Config) -> Config:
    """What the run of the head is told that learns before ``config`` trains the encoder with it: the encoder is frozen,
    epochs are ``train.head_epochs``, and of the trackers TensorBoard alone hears of it.
    """
    section = config.encoder
    frozen = section.model_copy(update={"tuning": "frozen", "lora": None, "dropout": None})
    told = {"epochs": config.train.head_epochs, "head_epochs": 0, "gradient_checkpointing": False, "trackers": []}
    return config.model_copy(update={"encoder": frozen, "train": config.train.model_copy(update=told)})


def _learn_head(run: Run, encoder: Encoder) -> str:
    """The key of weights of the expertness that are learnt first, by a run in a folder of this one."""
    alone = replace(run, config=head_alone(run.config), folder=f"{run.folder}/{HEAD}")
    key = f"{alone.folder}/{WEIGHTS}"
    if not run.session.store.exists(key):
        write_features(alone, encoder, Choice(("train", "held_out")))
        fit(alone.session, task_of(alone, encoder), alone.progress)
    return key


def task_of(run: Run, encoder: Encoder) -> TrainingTask:
    """What the ranks of a run are told, once its rows are made.

    Raises:
        ConfigError: there is nothing to learn from, or nothing to be judged on.
    """
    config = run.config
    rows = open_rows(run.session.store, run.folder, tuned=config.tunes)
    together = 2 if needs_pairs(config) else 1
    if together > 1:
        rows.check_pairs()
    order = order_of(rows, config.train, config.seed, together, config.expertness)
    if config.train.held_out is not None:
        held_out = open_rows(run.session.store, run.folder, tuned=config.tunes, part="held_out")
        if not len(held_out):
            raise ConfigError(
                f"no prompt of the train split is in train.held_out.fraction {config.train.held_out.fraction:g}",
                "at least one",
                "Raise it, or add records",
            )
        if sum(held_out.weights()) == 0:
            raise ConfigError(
                "every row that train.held_out takes out of the train split has weight 0",
                "some weight > 0",
                "Raise train.held_out.fraction, or weights of records",
            )
        if together > 1:
            held_out.check_pairs()
    demonstrations, negatives = rows.weights()
    if demonstrations == 0:
        raise ConfigError("every demonstration in the train split has weight 0", "some weight > 0")
    if needs_negatives(config) and negatives == 0:
        raise ConfigError("every negative in the train split has weight 0", "some weight > 0")
    return TrainingTask(
        store=run.session.store.url,
        folder=run.folder,
        expertness=config.expertness,
        train=config.train,
        width=encoder.width,
        steps=order.steps(config.train.epochs),
        demonstrations=demonstrations,
        negatives=negatives,
        seed=config.seed,
        together=together,
    )
