"""What trains a policy: the true reward, or a reward learnt from demonstrations alone, as an artifact would give it.

Learnt here as ``iirl train`` does (the same encoder, family and ``assemble``; the occupancy is that of
``examples/families/occupancy.yaml``), in this process; what is asked of the
RewardModel is the column ``reward`` of its ``rows``, which is what a Reading's ``step_rewards`` are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from iirl_core.config.encoding import TrajectoryEncoderSection
from iirl_core.config.expertness import DiscriminatorSection, MixtureSection, OccupancySection
from iirl_core.config.mapping import ExponentialSection, SigmoidSection
from iirl_core.corpus.identity import identity_of
from iirl_core.corruption import corrupted
from iirl_core.demonstration import Demonstration, Input, Trajectory
from iirl_core.encoder import fit_encoder
from iirl_core.encoder.trajectory import Terminal
from iirl_core.expertness import Batch, Expertness, LearntInOnePass, build_expertness
from iirl_core.expertness.discriminator import Discriminator
from iirl_core.optimiser.ars import Episode, Floats, Judge
from iirl_core.probe.trajectory.policy import steps_of
from iirl_core.records import open_records, parse_record
from iirl_core.records.raw import RawRecord
from iirl_core.reward_model import RewardModel, assemble

Teacher = Literal["true", "bonus", "occupancy", "summed", "mixture"]
TEACHERS: tuple[Teacher, ...] = ("true", "bonus", "occupancy", "summed", "mixture")

LEARNT = 0.8
"""Of each demonstration, from its start; the rest is held out, to calibrate the map."""
HORIZON = 1000

OCCUPANCY = OccupancySection()
LOOSE, STRICT = 0.1, 0.01
"""What an episode that is one of the demonstrations' states over and over earns in the median."""
MIXTURE = MixtureSection(experts=4, bottleneck=7, hidden=128)
MAPPING = ExponentialSection(demonstration_quantile=0.75, contrast_quantile=0.0, contrast_reward=1e-7)
EPOCHS, BATCH, RATE = 300, 256, 2e-3
"""How the mixture is trained, and its map: as in ``examples/real``."""
EPOCHS_SPOILT = 60
SPOILT = ("time_reversed", "permuted", "noised")
"""All kinds of spoilt walks."""


def demonstrations_of(file: Path) -> list[Trajectory]:
    """Whole episodes of an NPZ."""
    records = [record for record in open_records(str(file)) if isinstance(record, RawRecord)]
    found = [parse_record(record.document) for record in records]
    return [item for item in found if isinstance(item, Trajectory)]


def parts_of(episodes: Sequence[Trajectory]) -> tuple[list[Input], list[Input]]:
    """The beginnings to learn from, and the ends, held out."""
    cuts = [round(LEARNT * len(episode)) for episode in episodes]
    train = [_steps(episode, slice(cut)) for episode, cut in zip(episodes, cuts, strict=True)]
    return train, [_steps(episode, slice(cut, None)) for episode, cut in zip(episodes, cuts, strict=True)]


def _steps(episode: Trajectory, steps: slice) -> Input:
    return Trajectory(
        episode.observations[steps], None if episode.actions is None else episode.actions[steps], terminal=False
    )


def occupancy(
    episodes: Sequence[Trajectory],
    seed: int,
    section: OccupancySection = OCCUPANCY,
    *,
    ends: bool = True,
    rows: Literal["states", "changes"] = "states",
    emphasis: Literal["even", "departure"] = "departure",
    still: float = LOOSE,
) -> RewardModel:
    """Whole episodes, by how their states are distributed, above all in what the demonstrations set out to change;
    ``ends``: an early end is absorbing; ``still``: what an episode earns that is one state over and over.
    """
    terminal: Terminal = "absorbing" if ends else "ignored"
    encoder = TrajectoryEncoderSection(
        rows=rows, emphasis=emphasis, terminal=terminal, horizon=HORIZON if ends else None
    )
    mapping = ExponentialSection(contrast_quantile=0.5, contrast_reward=still)
    return _learnt(episodes, seed, encoder, section, mapping)


def mixture(
    episodes: Sequence[Trajectory],
    seed: int,
    section: MixtureSection = MIXTURE,
    *,
    epochs: int = EPOCHS,
    mapping: ExponentialSection = MAPPING,
) -> RewardModel:
    """Every state by itself, by how well autoencoders of the demonstrations reconstruct it."""
    return _learnt(episodes, seed, TrajectoryEncoderSection(rows="states"), section, mapping, epochs=epochs)


def spoilt(episodes: Sequence[Trajectory], seed: int, *, epochs: int = EPOCHS_SPOILT) -> RewardModel:
    """Every change of state by itself, by how well it is told from those of copies that go backwards, in no order, or
    off their course. The map is fixed by held-out parts and their copies.
    """
    train, guard = parts_of(episodes)
    encoder = fit_encoder(TrajectoryEncoderSection(rows="changes"), train)
    z, bad, z_guard, contrast = (encoder.encode(some).z for some in (train, _copies(train), guard, _copies(guard)))
    torch.manual_seed(seed)
    expertness = build_expertness(DiscriminatorSection(hidden=encoder.width), encoder.width)
    assert isinstance(expertness, Discriminator)
    expertness.balance(len(z), len(bad))
    descend(expertness, torch.cat([z, bad]), epochs, torch.cat([torch.ones(len(z)), torch.zeros(len(bad))]))
    return assemble(SigmoidSection(), encoder, expertness, z_train=z, z_guard=z_guard, z_contrast=contrast)


def _copies(episodes: Sequence[Input]) -> list[Input]:
    """One spoilt in each way, of each."""
    records = [Demonstration(identity_of(item), item, "demonstrations", "train") for item in episodes]
    return [copy for record in records for _, copy in corrupted(record, dict.fromkeys(SPOILT, 1.0), ())]


def _learnt(
    episodes: Sequence[Trajectory],
    seed: int,
    encoding: TrajectoryEncoderSection,
    section: OccupancySection | MixtureSection,
    mapping: ExponentialSection,
    *,
    epochs: int = EPOCHS,
) -> RewardModel:
    train, guard = parts_of(episodes)
    encoder = fit_encoder(encoding, train)
    z, z_guard = encoder.encode(train).z, encoder.encode(guard).z
    torch.manual_seed(seed)
    expertness = build_expertness(section, encoder.width)
    if isinstance(expertness, LearntInOnePass):
        expertness.learn([_batch(z, torch.arange(len(z)))])
    else:
        descend(expertness, z, epochs)
    return assemble(mapping, encoder, expertness, z_train=z, z_guard=z_guard, z_contrast=None)


def descend(expertness: Expertness, z: torch.Tensor, epochs: int, expert: torch.Tensor | None = None) -> None:
    """A plain loop: what the engine of ``jobs`` does with one worker. ``expert [N]``: 0 for negatives among ``z``."""
    optimiser = torch.optim.AdamW(expertness.parameters(), lr=RATE)
    for _ in range(epochs):
        for rows in torch.split(torch.randperm(len(z)), BATCH):
            loss = expertness.loss(_batch(z[rows], rows, None if expert is None else expert[rows]))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()


def _batch(z: torch.Tensor, rows: torch.Tensor, expert: torch.Tensor | None = None) -> Batch:
    ones = torch.ones(len(z))
    return Batch(z, ones if expert is None else expert, ones, rows)


def summed(model: RewardModel) -> Judge:
    """The sum of the rewards of an episode's steps, also where a whole family's reward is their mean."""
    steps = steps_of(model)
    return lambda episodes: np.array([float(torch.from_numpy(part).sum()) for part in steps(episodes)])


def true_return(episodes: Sequence[Episode]) -> Floats:
    """The sum of the true rewards of each."""
    return np.array([episode.rewards.sum() for episode in episodes])


def true_teacher(alive: float) -> Judge:
    """The true return without the bonus ``alive`` for each step."""
    return lambda episodes: true_return(episodes) - alive * np.array([len(episode) for episode in episodes])


def true_steps(episodes: Sequence[Episode]) -> list[Floats]:
    """The true rewards of each step, as the task pays them."""
    return [episode.rewards for episode in episodes]
