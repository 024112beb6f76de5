"""What knew the forgotten records is made anew from what is left, by the engine of ``iirl train``."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import torch

from iirl_core.artifact import Artifact, Guard
from iirl_core.config import Config
from iirl_core.encoder import Encoder, fit_encoder
from iirl_core.expertness import LearntInOnePass
from iirl_core.patch import Repair, Repairs, check_budget
from iirl_core.patch.budget import BUDGET
from iirl_core.reward_model import RewardModel, Support
from iirl_core.unlearning import Reach, Way, kept_repairs
from jobs.forget.charging import Charge, charge
from jobs.train.dealing import Choice
from jobs.train.features import Features
from jobs.train.learning import learn, task_of
from jobs.train.naming import run_name
from jobs.train.parent import sized_as, weights_key
from jobs.train.preparing import Run, write_features
from jobs.train.sealing import CALIBRATION_ROWS, Fitted, assemble_model
from jobs.train.sources import Sources


@dataclass(frozen=True, eq=False)
class Refitted:
    """The child's model with those of the parent's repairs that still act as they did, the others, its guard set, what
    training left behind, and what the known-good inputs that are left kept.
    """

    model: RewardModel
    dropped: tuple[Repair, ...]
    guard: Guard
    fitted: Fitted
    charge: Charge


def one_pass(parent: Artifact) -> bool:
    """Whether its family has a closed form."""
    return isinstance(parent.model.expertness, LearntInOnePass)


def configured(config: Config, way: Way) -> Config:
    """With as many epochs as a re-fit takes."""
    if way is not Way.REFITTED:
        return config
    return config.model_copy(update={"train": config.train.model_copy(update={"epochs": config.forget.epochs})})


def folder_of_run(config: Config, sources: Sources, parent: Artifact, way: Way) -> str:
    """Where it is done: a run from scratch is the one that ``iirl train`` does on what is left."""
    known = parent if way in (Way.KEPT, Way.REFITTED) else None
    return f"runs/{config.name}/{run_name(config, sources, known)}"


def refit(run: Run, parent: Artifact, reach: Reach, way: Way) -> Refitted:
    """``run`` names what is left, under the configuration that ``configured`` gives.

    Raises:
        ConfigError: what is left cannot be learnt from.
        ClusterError: training failed more often than allowed.
        ArtifactError: nothing is left of the guard set.
    """
    encoder = _encoder(run, parent, reach, way)
    if way is not Way.SCRATCH:
        run = replace(run, config=sized_as(run.config, parent))
    if way is Way.KEPT:
        write_features(run, encoder, Choice())
        fitted = Fitted(encoder, task_of(run, encoder), parent.model.expertness.state_dict())
    else:
        fitted = learn(run, encoder, weights_key(parent) if way is Way.REFITTED else None)
    model, guard = assemble_model(run.session.store, run.config, fitted)
    model, dropped = _repaired(run, model, parent, reach)
    rewards = model.rewards(guard.z).detach()
    if not check_budget(guard.root_rewards, rewards, BUDGET).holds:  # the map moved under what they take
        model, dropped = model.with_repairs(Repairs()), tuple(parent.model.repairs)
        rewards = model.rewards(guard.z).detach()
    return Refitted(model, dropped, guard, fitted, charge(run, parent, fitted.encoder, guard.z, rewards))


def _encoder(run: Run, parent: Artifact, reach: Reach, way: Way) -> Encoder:
    """A standardiser is measured anew where a demonstration that it was measured on is forgotten; a frozen text encoder
    knew none; one that is trained begins as it is, or as it once was.
    """
    measured = run.config.encoder.kind == "trajectory" and reach.places
    if measured or (run.config.tunes and way is Way.SCRATCH):
        return fit_encoder(run.config.encoder, (one.input for one in run.sources.train_demonstrations()))
    # Training writes into what it is given, and the parent is asked again.
    trained = run.config.tunes and way is Way.REFITTED
    return copy.deepcopy(parent.model.encoder) if trained else parent.model.encoder


@torch.no_grad()
def _repaired(run: Run, model: RewardModel, parent: Artifact, reach: Reach) -> tuple[RewardModel, tuple[Repair, ...]]:
    """With the parent's places, where none of the demonstrations that they were measured on is forgotten, and with the
    repairs that act there as they did.
    """
    before = parent.model
    rows = model.encoder is before.encoder
    own = model.expertness.latents(torch.zeros(1, model.encoder.width)) is not None
    places = rows and not reach.places and not (own and reach.weights)
    if places:
        folder = f"{run.folder}/features"
        train, guard = (
            before.spaces.bottleneck.apply(rows)
            for rows in (
                Features(run.session.store, folder, "train").head(CALIBRATION_ROWS, expert=1.0),
                Features(run.session.store, folder, "guard").head(CALIBRATION_ROWS),
            )
        )
        support = Support.fit(train, guard)
        model = RewardModel(model.encoder, model.expertness, model.mapping, before.spaces, support)
    shown = not (reach.places or reach.guard)
    kept, dropped = kept_repairs(before.repairs, rows=rows, weights=not reach.weights, places=places, shown=shown)
    return model.with_repairs(kept), dropped
