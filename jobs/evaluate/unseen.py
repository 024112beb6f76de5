"""The unseen splits of the corpora: read, scored, paired up.

Of a large corpus a fair sample is read (``READ`` inputs, chosen by the hash of their prompt, so that the answers to one
prompt stay together and every artifact is asked the same).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.config.corpora import CorpusSection
from iirl_core.corpus import Corpus
from iirl_core.corpus.identity import split_key
from iirl_core.demonstration import Demonstration, Input, Trajectory
from iirl_core.evaluation import Frozen, Group, pair_up
from iirl_core.evaluation.frozen import Floats, Ints
from jobs.evaluate.scoring import Score

READ = 5_000
"""Unseen inputs read per corpus: an AUROC is then known to about ±0.01."""


@dataclass(frozen=True)
class Unseen:
    """Inputs of one corpus that are read, of ``there`` in its unseen split; ``prompts`` say which belong together.
    ``left_out`` of those that were read are not among them.
    """

    section: CorpusSection
    digest: Digest
    there: int
    demonstrations: tuple[Demonstration, ...]
    prompts: tuple[str, ...]
    left_out: int = 0


def read_unseen(section: CorpusSection, corpus: Corpus) -> Unseen:
    """The ``READ`` inputs of the unseen split whose prompts hash lowest."""
    keyed = ((split_key(one.input, Digest(one.id)), one.id, one) for one in corpus.demonstrations("unseen"))
    chosen = heapq.nsmallest(READ, keyed, key=lambda entry: entry[:2])
    demonstrations = tuple(one for _, _, one in chosen)
    there = corpus.manifest.splits.get("unseen", 0)
    return Unseen(section, corpus.manifest.digest, there, demonstrations, tuple(prompt for prompt, _, _ in chosen))


def freeze(score: Score, unseen: Sequence[Unseen], config: Config) -> Frozen:
    """Score everything once. Demonstrations come together; each corpus of negatives is a contrast, and so is each noise
    level where there are trajectories.
    """
    numbers: dict[str, int] = {}
    shown, negatives = (
        [one for one in unseen if one.section in config.playing(play)] for play in ("demonstrations", "negatives")
    )
    inputs = [each.input for one in shown for each in one.demonstrations]
    clusters = _clusters([prompt for one in shown for prompt in one.prompts], numbers)
    scored = score(inputs)
    demonstrations = Group("demonstrations", scored.inputs, clusters, _lengths(inputs), scored.heads)
    contrasts = []
    for one in negatives:
        bad = [each.input for each in one.demonstrations]
        said = score(bad)
        places = _clusters(one.prompts, numbers)
        contrasts.append(Group(one.section.name, said.inputs, places, _lengths(bad), said.heads))
    pairs = [pairs_of(shown, one) for one in negatives]
    if config.encoder.kind == "trajectory":
        for sigma in config.evaluate.perturbation:
            noisy = score(perturbed(inputs, sigma, config.seed))
            lengths = demonstrations.lengths
            contrasts.append(Group(f"noise-{sigma:g}", noisy.inputs, clusters, lengths, noisy.heads, copies=True))
            pairs.append(np.zeros((0, 2), np.int64))
    return Frozen(
        demonstrations=demonstrations,
        contrasts=tuple(contrasts),
        rows=scored.rows,
        roots=scored.roots,
        row_clusters=np.repeat(clusters, scored.steps),
        pairs=tuple(pairs),
    )


def pairs_of(shown: Sequence[Unseen], negatives: Unseen) -> Ints:
    """``[P, 2]``: answers to one prompt, of each corpus of demonstrations and of ``negatives``; positions among all
    demonstrations and among those negatives. Between two corpora an answer is in at most one pair. Two answers that are
    the same text are none.
    """
    found, start = [np.zeros((0, 2), np.int64)], 0
    for one in shown:
        positions = pair_up(one.prompts, negatives.prompts)
        chosen, rejected = positions[:, 0], positions[:, 1]
        different = [
            one.demonstrations[first].id != negatives.demonstrations[second].id
            for first, second in zip(chosen.tolist(), rejected.tolist(), strict=True)
        ]
        found.append((positions + np.array([start, 0]))[np.array(different, np.bool_)])
        start += len(one.prompts)
    return np.concatenate(found)


def perturbed(inputs: Sequence[Input], sigma: float, seed: int) -> list[Input]:
    """The trajectories with Gaussian noise of ``sigma`` standard deviations (of all of them) on their observations."""
    trajectories = [item for item in inputs if isinstance(item, Trajectory)]
    deviation = np.concatenate([item.observations for item in trajectories]).std(axis=0)
    generator = np.random.default_rng([seed, round(sigma * 1e6)])
    return [
        Trajectory(
            item.observations + sigma * deviation * generator.standard_normal(item.observations.shape),
            item.actions,
            item.terminal,
        )
        for item in trajectories
    ]


def _clusters(prompts: Iterable[str], numbers: dict[str, int]) -> Ints:
    return np.array([numbers.setdefault(prompt, len(numbers)) for prompt in prompts], np.int64)


def _lengths(inputs: Sequence[Input]) -> Floats:
    """Steps of a trajectory, characters of an answer."""
    return np.array([len(item) if isinstance(item, Trajectory) else len(item.answer) for item in inputs], np.float64)
