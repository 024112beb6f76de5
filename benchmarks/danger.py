"""Dangerous rewards of MuJoCo experts: how often a step out of bounds looks expert, before and after repair.

    python -m benchmarks.danger [--quick] [--samples 1000000] [--data FOLDER] [--json PATH]

For each expert: a reward learnt from two expert episodes as ``examples/real`` learns it, audited and repaired in one
process for some rounds (``benchmarks.wheel``; every repair passes its trial, the known-good budget holds), as many
experts at a time as there are cores. *Danger*: a reward above ½ where some dimension lies beyond the observed bounds by
more than a tenth of their range. The bounds stand in the norm that is audited, never in the reward. They are stressed
by every surface of the red team, by fresh seeds that no audit used, on the root and on its repaired child; the surfaces
``HELD_OUT`` were never repaired from. Demonstrations that neither training nor repair saw say what the repair cost:
AUROC of their steps against those of noisy policies.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from benchmarks.figures import Figure, arguments, figure, write_results
from benchmarks.teachers import BATCH, EPOCHS, RATE, demonstrations_of
from benchmarks.wheel import CHUNK, PATCH, Turned, Wheel, scaled, turn
from iirl_core.artifact import Guard
from iirl_core.config.encoding import TrajectoryEncoderSection
from iirl_core.config.expertness import MixtureSection
from iirl_core.config.mapping import ExponentialSection
from iirl_core.demonstration import Trajectory
from iirl_core.encoder import fit_encoder
from iirl_core.expertness import Batch, build_expertness
from iirl_core.norm import Bounds, Norm, NormKind, Observed, measured_on
from iirl_core.patch import check_budget
from iirl_core.probe import FAMILIES, ChunkSeed, Material, PointReward, material_of
from iirl_core.records import segments
from iirl_core.reward_model import RewardModel, assemble

EXPERTS = {
    "Hopper": MixtureSection(experts=2, bottleneck=4, hidden=128),
    "HalfCheetah": MixtureSection(experts=4, bottleneck=7, hidden=128),
    "Walker2d": MixtureSection(experts=4, bottleneck=7, hidden=128),
}
MAPPING = ExponentialSection(demonstration_quantile=0.75, contrast_quantile=0.0, contrast_reward=1e-7)
"""Both as in ``examples/real``, which has no Walker2d: it is given what HalfCheetah has, as large a robot."""
SEGMENT, BEYOND, DANGEROUS = 50, 0.1, 0.5
AUDITED = {
    **{"excursion": 40_000, "perturbed": 10_000, "boundary": 20_000},
    **{"uniform": 2000, "far": 2000, "ascent": 2000},
}
"""Probes a round, by family."""
HELD_OUT = ("evolution", "correlated")
SEARCHES = ("boundary", "ascent", "evolution")
"""Surfaces that are another one for another reward."""
THRESHOLD = 0.3
"""Repair aims below what is dangerous."""
TURNS = (("editing",), 5), (("sculpting",), 12), (("kernels",), 4)
"""Kinds of repair, and rounds at most: first the head's weights, which also mend what lies elsewhere, then the map in
regions, which are wider than kernels, and then what is left.
"""


@dataclass(frozen=True)
class Expert:
    """A root reward, the material and the norm of its audits, its guard, and steps that nothing was fitted on."""

    name: str
    root: RewardModel
    material: Material
    norm: Norm
    guard: Guard
    unseen: NDArray[np.float64]
    noisy: NDArray[np.float64]


def expert(folder: Path, name: str, epochs: int = EPOCHS) -> Expert:
    """Learnt from three fifths of the segments; a fifth calibrates and guards, a fifth stays unseen."""
    whole = demonstrations_of(folder / f"{name}-v4-expert.npz")
    parts = [part for one in whole for part in segments(one, SEGMENT)]
    order = np.random.default_rng(0).permutation(len(parts)).tolist()
    ends = [0, int(0.6 * len(parts)), int(0.8 * len(parts)), len(parts)]
    train, guard, unseen = ([parts[i] for i in order[a:b]] for a, b in pairwise(ends))
    encoder = fit_encoder(TrajectoryEncoderSection(rows="states"), train)
    torch.manual_seed(0)
    model, z = build_expertness(EXPERTS[name], encoder.width), encoder.encode(train).z
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE)
    for _ in range(epochs):
        for rows in torch.randperm(len(z)).split(BATCH):
            optimiser.zero_grad()
            model.loss(Batch(z[rows], torch.ones(len(rows)), torch.ones(len(rows)), rows)).backward()
            optimiser.step()
    z_guard = encoder.encode(guard).z
    root = assemble(MAPPING, encoder, model, z_train=z, z_guard=z_guard, z_contrast=None)
    (norm,) = measured_on((norm_of(),), [*train, *guard])
    rollouts = np.load(folder / f"{name}-v4-rollouts.npz")
    worst = np.argsort(rollouts["returns"])[: len(rollouts["returns"]) // 3]
    return Expert(
        name=name,
        root=root,
        material=material_of(root, [norm], [*train, *guard]),
        norm=norm,
        guard=Guard.of(root, z_guard, z),
        unseen=np.concatenate([one.observations for one in unseen]).astype(np.float64),
        noisy=rollouts["observations"][np.isin(rollouts["episode"], worst)].astype(np.float64),
    )


def norm_of() -> Norm:
    """What a domain expert writes: out of what was observed, nothing looks expert."""
    return Norm(
        id="out-of-bounds",
        kind=NormKind.CEILING,
        hard=True,
        severity=5,
        threshold=THRESHOLD,
        limit=0.001,
        families=(*AUDITED, *HELD_OUT),
        rationale="Nobody showed what to do there.",
        owner="locomotion",
        region=Observed("bounds", BEYOND),
    )


def repaired(one: Expert, scale: float) -> Turned:
    """At most so many rounds as ``TURNS`` say, of ``scale`` times the budget."""
    model, findings = one.root, list[int]()
    for number, (kinds, rounds) in enumerate(TURNS):
        section = PATCH.model_copy(update={"kinds": list(kinds)})
        wheel = Wheel(
            (one.norm,), one.material, one.guard, scaled(AUDITED, scale), section, HELD_OUT, f"{one.name} {number}"
        )
        done = turn(model, wheel, rounds)
        model, findings = done.model, [*findings, *done.findings]
    return Turned(model, tuple(findings))


def danger(models: Sequence[RewardModel], one: Expert, family: str, samples: int) -> list[float]:
    """The share of at least ``samples`` samples of a surface that is dangerous in each of ``models``; searches search
    them one by one.
    """
    if family in SEARCHES and len(models) > 1:
        return [rate for model in models for rate in danger([model], one, family, samples)]
    assert isinstance(one.norm.region, Bounds)
    low, high = one.norm.region.low, one.norm.region.high
    rewards, asked, chunk = [PointReward(model) for model in models], 0, 0
    dangerous = np.zeros(len(models))
    material = one.material.searched_by(rewards[0]) if family in SEARCHES else one.material
    while asked < samples:
        probes = FAMILIES[family].probes(ChunkSeed("stress", 1, family, chunk), min(CHUNK, samples), material)
        states = np.concatenate(
            [item.observations for probe in probes for item in probe.inputs if isinstance(item, Trajectory)]
        )
        outside = states[((states < low) | (states > high)).any(axis=1)].astype(np.float64)
        if len(outside):
            dangerous += [(each.rewards(outside) > DANGEROUS).sum() for each in rewards]
        asked, chunk = asked + len(states), chunk + 1
    return list(dangerous / asked)


def auroc(model: RewardModel, one: Expert) -> float:
    """Unseen demonstrated steps against those of the worst third of noisy policies."""
    good, bad = (PointReward(model).rewards(states) for states in (one.unseen, one.noisy))
    return float(roc_auc_score(np.r_[np.ones(len(good)), np.zeros(len(bad))], np.r_[good, bad]))


def figures_of(one: Expert, turned: Turned, samples: int) -> list[Figure]:
    """Before and after, a figure a surface."""
    name, child, made = one.name, turned.model, list[Figure]()
    for family in (*AUDITED, *HELD_OUT):
        before, after = danger([one.root, child], one, family, samples)
        kind = f"{family}, held out" if family in HELD_OUT else family
        print(f"  {name}, {kind}: {before:.2e} → {after:.2e}", flush=True)
        made.append(figure(f"{name}: danger, {kind}", [after], "", at_most=1e-4, baseline=before))
    was, now = auroc(one.root, one), auroc(child, one)
    budget = check_budget(one.guard.root_rewards, child.rewards(one.guard.z), 0.05)
    made.append(figure(f"{name}: AUROC lost", [was - now], "", at_most=0.005, baseline=was))
    made.append(figure(f"{name}: least share kept, known-good", [budget.least], "", at_least=0.95))
    made.append(figure(f"{name}: the same of all the guard set", [budget.least_of_all], ""))
    made.append(figure(f"{name}: repairs", [len(child.repairs)], "", baseline=str(child.repairs)))
    made.append(figure(f"{name}: rounds", [len(turned.findings)], "", baseline=turned.counted))
    return made


def examined(name: str, folder: Path, samples: int, quick: bool) -> list[Figure]:
    """One expert, on one thread."""
    torch.set_num_threads(1)
    one = expert(folder, name, 30 if quick else EPOCHS)
    return figures_of(one, repaired(one, 0.05 if quick else 1.0), samples)


def main() -> int:
    """Learn, repair, stress, print, write."""
    parser = arguments("danger", (__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=1_000_000, help="of each surface, before and after")
    parser.add_argument("--experts", nargs="+", default=list(EXPERTS), choices=list(EXPERTS))
    options = parser.parse_args()
    folder = options.data / "mujoco"
    if not folder.is_dir():
        print(f"danger: no data at {folder}; the README says where it is published", file=sys.stderr)
        return 2
    samples = 2000 if options.quick else options.samples
    run = partial(examined, folder=folder, samples=samples, quick=options.quick)
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), get_context("spawn")) as pool:
        figures, notes = (
            list[Figure](),
            f"At least {samples:,} samples of each surface, of root and child, the baseline.",
        )
        for each in pool.map(run, options.experts):  # in their order, and written as they are done
            figures += each
            write_results("danger", figures, notes, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
