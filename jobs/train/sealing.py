"""From trained weights to a sealed, signed artifact that the log and the pointer know."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from iirl_core.artifact import Artifact, ArtifactDraft, Guard, guard_metrics, seal
from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.config.expertness import HeadSection
from iirl_core.config.heads import units_of
from iirl_core.config.training import TrainSection
from iirl_core.encoder import Encoder
from iirl_core.reward_model import RewardModel, assemble
from iirl_core.signing import KeyRole, SigningKey, load_private_key
from iirl_core.store.pointer import move_pointer, read_pointer
from iirl_core.store.protocol import Store
from jobs.builder import sign_sealed
from jobs.lineage import lineage, manifest_of
from jobs.train.features import Features
from jobs.train.journal import METRICS, held_out_of
from jobs.train.loop import TrainingTask, build_model, open_rows
from jobs.train.sizing import size_metrics, tried
from jobs.train.sources import Sources
from jobs.train.stopping import HeldOut, best_of

CALIBRATION_ROWS = 200_000
"""Rows of each part that fit whitening, support and map: their quantiles no longer move beyond."""
GUARD_ROWS = 20_000
"""Rows frozen as the guard set, and training rows kept beside it: what every repair is measured on, again and again."""
LOSS_STEPS = 20
"""Steps at either end of training over which the loss is averaged for the manifest, where the two do not overlap."""


def build_key(config: Config) -> SigningKey:
    """The builder's key.

    Raises:
        ConfigError: there is none, or others may read it.
    """
    return load_private_key(Path(config.keys), KeyRole.BUILDER)


@dataclass(frozen=True, eq=False)
class Fitted:
    """What training leaves behind: ``weights`` of the expertness on top of ``encoder``."""

    encoder: Encoder
    task: TrainingTask
    weights: Mapping[str, Tensor]

    def configured(self, config: Config) -> Config:
        """``config`` with the expertness that was trained, whose size it may have left open: heads' units are sealed as
        a number, whatever the default comes to be.
        """
        section = self.task.expertness
        if isinstance(section, HeadSection):
            section = section.model_copy(update={"hidden": units_of(section, self.task.width)})
        return config.model_copy(update={"expertness": section})


def assemble_model(
    store: Store, config: Config, fitted: Fitted, *, parent: Artifact | None = None
) -> tuple[RewardModel, Guard]:
    """The RewardModel of trained weights, calibrated on what training did not see, and its guard set: a parent's where
    it has one, whose known-good rows it was then trained on as well.

    Raises:
        ConfigError: the map's anchors are inverted or missing.
    """
    expertness = build_model(fitted.task)
    expertness.load_state_dict(dict(fitted.weights))
    folder = f"{fitted.task.folder}/features"
    train = Features(store, folder, "train").head(CALIBRATION_ROWS, expert=1.0)
    guard = Features(store, folder, "guard").head(CALIBRATION_ROWS)
    contrast = Features(store, folder, "contrast").head(CALIBRATION_ROWS)
    if parent is not None:
        train = torch.cat([parent.guard.known_good, train])
    model = assemble(
        config.mapping,
        fitted.encoder,
        expertness,
        z_train=train,
        z_guard=guard,
        z_contrast=contrast if len(contrast) else None,
    )
    return model, parent.guard if parent is not None else Guard.of(model, guard[:GUARD_ROWS], train[:GUARD_ROWS])


def seal_run(
    store: Store,
    config: Config,
    sources: Sources,
    *,
    model: RewardModel,
    guard: Guard,
    metrics: Mapping[str, float],
    parent: Artifact | None = None,
) -> Digest:
    """Seal, sign, log and point to it. Killed anywhere, running it again finishes; finished, it changes nothing.

    Raises:
        ArtifactError: a re-fit does not keep what the root gave its guard set.
    """
    key = build_key(config)
    draft = ArtifactDraft(
        model=model,
        guard=guard,
        config=config,
        corpora=sources.entries(),
        metrics=metrics,
        provenance=sources.provenance(config),
        parent=parent,
        human=sources.corrected is not None and sources.corrected.human,
    )
    digest = seal(store, draft)
    sign_sealed(
        store, key, config.name, digest, kind="seal", details=(("version", manifest_of(store, digest).version),)
    )
    point(store, f"runs/{config.name}/latest", digest)
    return digest


def point(store: Store, key: str, digest: Digest) -> None:
    """Make it the latest, unless what is the latest now was made from it: a repair is not undone by training again."""
    latest = read_pointer(store, key)
    if latest is None or digest not in {ancestor.digest for ancestor in lineage(store, Digest(latest))}:
        move_pointer(store, key, digest)


def metrics_of(store: Store, task: TrainingTask, guarded: Tensor, *, tuned: bool) -> dict[str, float]:
    """What the manifest says of training: finite numbers, the same for the same run. ``guarded [G]`` are the rewards of
    the guard set.
    """
    lines = store.get(f"{task.folder}/{METRICS}").splitlines()
    losses, judged = [json.loads(line)["loss"] for line in lines], held_out_of(lines)
    found = {
        "steps": float(len(lines)),
        "train_rows": float(len(open_rows(store, task.folder, tuned=tuned))),
        **loss_metrics(losses),
        **guard_metrics(guarded),
        **(held_out_metrics(judged, task.train) if judged else {}),
        **size_metrics(tried(store, task.folder)),
    }
    return {name: float(f"{value:.6g}") for name, value in found.items()}


def loss_metrics(losses: Sequence[float]) -> dict[str, float]:
    """The mean loss of the first and of the last steps of training, of which there is at least one: of 20 steps at
    either end, or of a third of them where there are too few for two means that share none.
    """
    count = LOSS_STEPS if len(losses) >= 2 * LOSS_STEPS else max(1, len(losses) // 3)
    return {"loss_first": math.fsum(losses[:count]) / count, "loss_last": math.fsum(losses[-count:]) / count}


def held_out_metrics(judged: Sequence[HeldOut], train: TrainSection) -> dict[str, float]:
    """What the sealed weights were worth on the rows held out of training, and after which step they were taken."""
    early = train.held_out is not None and train.held_out.patience is not None
    sealed = best_of(judged) if early else judged[-1]
    accuracy = {} if sealed.accuracy is None else {"held_out_accuracy": sealed.accuracy}
    return {"sealed_step": float(sealed.step), "held_out_loss": sealed.loss, **accuracy}
