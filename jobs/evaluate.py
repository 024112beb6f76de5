"""``iirl evaluate``: what an artifact says of inputs that neither training nor patching saw, as numbers with intervals.

Of a large corpus a fair sample is read (``READ`` inputs, chosen by the hash of their prompt, so that the answers to one
prompt stay together and every artifact is asked the same).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from cluster.session import Session
from iirl_core.artifact import Artifact, load_from
from iirl_core.canonical import Digest, folder_of
from iirl_core.config import Config
from iirl_core.config.corpora import CorpusSection
from iirl_core.corpus import Corpus
from iirl_core.corpus.identity import split_key
from iirl_core.demonstration import Demonstration, Input, Trajectory
from iirl_core.errors import ConfigError
from iirl_core.evaluation import BASELINES, Evaluation, Frozen, Group, Resampling, evaluate, pair_up, random_heads
from iirl_core.evaluation.frozen import Floats, Ints
from iirl_core.log import Event, append
from iirl_core.release import resolve
from iirl_core.reward_model import RewardModel
from jobs.console import Progress
from jobs.learnt import corpus_behind
from jobs.lineage import lineage
from jobs.outcome import Outcome

READ = 5_000
"""Unseen inputs read per corpus: an AUROC is then known to about ±0.01."""
BATCH = 64

Advance = Callable[[int], None]


def run(session: Session, config: Config, progress: Progress, reference: str | None = None) -> Outcome:
    """Evaluate ``reference`` (default: the newest artifact of ``config.name``) on the unseen splits of the corpora.

    Raises:
        NotFound: there is no such artifact or corpus.
        ConfigError: no demonstration is in the unseen split.
    """
    store = session.store
    digest = resolve(store, reference or config.name)
    artifact = load_from(store, digest, trust_remote_code=config.trusts_remote_code)
    manifest = artifact.manifest
    unseen = [read_unseen(section, corpus_behind(store, manifest, section)) for section in _in_order(config.corpora)]
    if not any(one.demonstrations for one in unseen if one.section.role == "demonstrations"):
        raise ConfigError(
            "no demonstration is in the unseen split", "at least one", "Change corpora[].split and ingest"
        )
    inputs = sum(len(one.demonstrations) for one in unseen)
    with progress.task("evaluating", total=inputs) as advance:
        frozen = freeze(artifact.model, unseen, config, advance)
        estimates = evaluate(frozen, Resampling(config.evaluate.bootstrap, config.seed))
    evaluation = Evaluation(
        digest=digest,
        root=list(lineage(store, digest))[-1].digest,
        corpora={one.section.name: one.digest for one in unseen},
        counts={one.section.name: (len(one.demonstrations), one.there) for one in unseen},
        bootstrap=config.evaluate.bootstrap,
        estimates=tuple(estimates),
    )
    key = evaluation_key(artifact)
    if not store.exists(key) or store.get(key) != evaluation.to_bytes():
        append(store, Event("evaluate", digest, manifest.name))
        store.put(key, evaluation.to_bytes())
    headers = ["figure", "value", "95%", *BASELINES.values(), "records"]
    progress.table(f"{manifest.name} {manifest.version}", headers, table_rows(evaluation))
    return Outcome(
        made=f"evaluated {manifest.name} {manifest.version} on {inputs} unseen records",
        where=f"{key} in {store.url}",
        next="iirl audit CONFIG.yaml",
    )


def evaluation_key(artifact: Artifact) -> str:
    """Where an artifact's evaluation lies in the store."""
    return f"runs/{artifact.manifest.name}/evaluations/{folder_of(artifact.digest)}.json"


def table_rows(evaluation: Evaluation) -> list[list[str]]:
    """A line per figure, its baselines beside it."""
    lines = []
    for each in evaluation.estimates:
        if each.suite not in BASELINES:
            beside = [evaluation.estimate(f"{suite}/{each.name}") for suite in BASELINES]
            numbers = [f"{one.value:.3f}" if one else "" for one in beside]
            lines.append(
                [each.name, f"{each.value:.3f}", f"{each.low:.3f} – {each.high:.3f}", *numbers, f"{each.count}"]
            )
    return lines


@dataclass(frozen=True)
class Unseen:
    """Inputs of one corpus that are read, of ``there`` in its unseen split; ``prompts`` say which belong together."""

    section: CorpusSection
    digest: Digest
    there: int
    demonstrations: tuple[Demonstration, ...]
    prompts: tuple[str, ...]


def read_unseen(section: CorpusSection, corpus: Corpus) -> Unseen:
    """The ``READ`` inputs of the unseen split whose prompts hash lowest."""
    keyed = ((split_key(one.input, Digest(one.id)), one.id, one) for one in corpus.demonstrations("unseen"))
    chosen = heapq.nsmallest(READ, keyed, key=lambda entry: entry[:2])
    demonstrations = tuple(one for _, _, one in chosen)
    there = corpus.manifest.splits.get("unseen", 0)
    return Unseen(section, corpus.manifest.digest, there, demonstrations, tuple(prompt for prompt, _, _ in chosen))


def freeze(model: RewardModel, unseen: Sequence[Unseen], config: Config, advance: Advance) -> Frozen:
    """Score everything once. Demonstrations come together; each corpus of negatives is a contrast, and so is each noise
    level where there are trajectories.
    """
    numbers: dict[str, int] = {}
    shown = [one for one in unseen if one.section.role == "demonstrations"]
    negatives = [one for one in unseen if one.section.role == "negatives"]
    inputs = [each.input for one in shown for each in one.demonstrations]
    clusters = _clusters([prompt for one in shown for prompt in one.prompts], numbers)
    scored = score(model, inputs, advance)
    demonstrations = Group("demonstrations", scored.inputs, clusters, _lengths(inputs), scored.heads)
    contrasts = []
    for one in negatives:
        bad = [each.input for each in one.demonstrations]
        said = score(model, bad, advance)
        places = _clusters(one.prompts, numbers)
        contrasts.append(Group(one.section.name, said.inputs, places, _lengths(bad), said.heads))
    pairs = [pairs_of(shown, one) for one in negatives]
    if model.encoder.kind == "trajectory":
        for sigma in config.evaluate.perturbation:
            noisy = score(model, perturbed(inputs, sigma, config.seed))
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


@dataclass(frozen=True, eq=False)
class Scored:
    """``inputs [N]``: rewards of whole inputs; ``rows [R]`` and ``roots [R]``: of their rows, patched and unpatched;
    ``steps [N]``: rows per input; ``heads [N, H]``: what random heads say of whole inputs.
    """

    inputs: Floats
    heads: Floats
    rows: Floats
    roots: Floats
    steps: Ints


@torch.no_grad()
def score(model: RewardModel, inputs: Sequence[Input], advance: Advance | None = None) -> Scored:
    """In batches, in this process."""
    weights = random_heads(model.encoder.width)
    rows, roots, steps = [np.zeros(0)], [np.zeros(0)], [np.zeros(0, np.int64)]
    heads = [np.zeros((0, weights.shape[1]))]
    for start in range(0, len(inputs), BATCH):
        encoded = model.encoder.encode(inputs[start : start + BATCH])
        read = model.rows(encoded.z)
        rows.append(read.reward.double().numpy())
        roots.append(read.unpatched.double().numpy())
        steps.append(np.asarray(encoded.lengths, np.int64))
        heads.append(_means(encoded.z.double().numpy() @ weights, steps[-1]))
        if advance is not None:
            advance(len(encoded.lengths))
    flat, lengths = np.concatenate(rows), np.concatenate(steps)
    means = _means(flat[:, None], lengths)[:, 0]
    return Scored(means, np.concatenate(heads), flat, np.concatenate(roots), lengths)


def _means(rows: Floats, lengths: Ints) -> Floats:
    """``rows [R, C]`` → ``[N, C]``: the mean over each input's rows, of which it has ``lengths [N]`` ≥ 1."""
    starts = np.cumsum(lengths) - lengths
    return np.asarray(np.add.reduceat(rows, starts, axis=0) / lengths[:, None]) if len(lengths) else rows


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


def _in_order(sections: Sequence[CorpusSection]) -> list[CorpusSection]:
    """Demonstrations, then negatives."""
    told = [section for section in sections if section.role != "probes"]
    return sorted(told, key=lambda section: section.role != "demonstrations")


def _clusters(prompts: Iterable[str], numbers: dict[str, int]) -> Ints:
    return np.array([numbers.setdefault(prompt, len(numbers)) for prompt in prompts], np.int64)


def _lengths(inputs: Sequence[Input]) -> Floats:
    """Steps of a trajectory, characters of an answer."""
    return np.array([len(item) if isinstance(item, Trajectory) else len(item.answer) for item in inputs], np.float64)
