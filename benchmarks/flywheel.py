"""The spatial wheel, turned by the jobs themselves: rounds, flaws and repairs, and what is left of the rewards.

    python -m benchmarks.flywheel [--quick] [--json PATH] [--seeds 3]

For each seed: ingest → train → audit, triage and patch until the verdict passes, on one embedded Ray and in a store of
its own. Then every artifact of the chain is judged on grids (20³ and 60³ points of [−1, 1]³) and on unseen
demonstrations; nothing of these reaches the red team or the repair. Beside it stands the Flywheel paper's reference,
whose red team and judge share one grid: 439 flaws → 0 in 16 rounds with 952 kernels.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.figures import Figure, arguments, figure, write_results
from cluster import Session, open_session
from iirl_core.artifact import Artifact, load_from
from iirl_core.config import Config, load_config
from iirl_core.corpus import read_corpus
from iirl_core.demonstration import Trajectory
from iirl_core.norm import Norm, Region, norms_of
from iirl_core.patch import BudgetReport, Repairs, check_budget
from iirl_core.release import resolve
from iirl_core.signing import Trust
from iirl_core.store import Store
from jobs import flywheel, ingest, train
from jobs.console import Progress, doing
from jobs.history import PastRound, history_of
from jobs.key import new_keys

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "spatial"
KEPT = 0.95
UNSEEN_KEPT = 99.9
"""Percent of unseen demonstration points that keep as much."""
FAR = 0.01
"""Percent of the far points of the 60³ grid that may be above the norm's threshold."""
ROUNDS = 8
KERNELS = 952
"""Of the reference: of repairs of all kinds there are to be fewer."""
REFERENCE = f"439 flaws → 0, 16 rounds, {KERNELS} kernels"


@dataclass(frozen=True)
class Judged:
    """What the judging grids, the guard set and the unseen demonstrations say of one artifact."""

    coarse: int
    fine: int
    far: int
    budget: BudgetReport
    unseen_kept: float

    @property
    def fine_share(self) -> float:
        """Share of the 60³ grid's far points whose reward is above the norm's threshold."""
        return self.fine / self.far


@dataclass(frozen=True)
class Wheel:
    """How one wheel turned: ``judged`` is the root first, then each repaired child."""

    judged: tuple[Judged, ...]
    rounds: int
    repairs: Repairs
    passed: bool
    seconds: float


def turn(session: Session, config: Config, progress: Progress) -> Wheel:
    """Train a root, turn the wheel on it, and judge the chain."""
    ingest.run(session, config, progress)
    train.run(session, config, progress)
    started = time.perf_counter()
    flywheel.run(session, config, progress)
    seconds = time.perf_counter() - started
    store = session.store
    last = load_from(store, resolve(store, config.name))
    history = history_of(store, last.digest, Trust.from_folder(Path(config.keys)))
    return Wheel(
        judged=judge_chain(store, config, history),
        rounds=len(history),
        repairs=last.model.repairs,
        passed=history[-1].audit.verdict.passed,
        seconds=seconds,
    )


def judge_chain(store: Store, config: Config, history: list[PastRound]) -> tuple[Judged, ...]:
    """Every audited artifact, the root first."""
    root, norm = load_from(store, history[0].digest), norms_of(config)[0]
    learnt = next(entry for entry in root.manifest.corpora if entry.role == "demonstrations")
    corpus = read_corpus(store, learnt.name, learnt.digest)
    unseen = root.model.encoder.encode([one.input for one in corpus.demonstrations("unseen")]).z
    return tuple(judge_artifact(root, load_from(store, past.digest), norm, unseen) for past in history)


@torch.no_grad()
def judge_artifact(root: Artifact, artifact: Artifact, norm: Norm, unseen: Tensor) -> Judged:
    """Count flaws on the grids, and what known-good and unseen demonstrations kept of their root rewards."""
    assert isinstance(norm.region, Region)
    model, flaws, far = artifact.model, [], 0
    for size in (20, 60):
        points = grid(size, norm.region)
        rewards = model.rewards(model.encoder.encode([Trajectory(points)]).z)
        flaws.append(int((rewards > norm.threshold).sum()))
        far = len(points)
    budget = check_budget(root.guard.root_rewards, model.rewards(root.guard.z), 1 - KEPT)
    kept = model.rewards(unseen) >= KEPT * root.model.rewards(unseen)
    return Judged(*flaws, far, budget, float(kept.double().mean()))


def grid(points: int, region: Region) -> NDArray[np.float32]:
    """The points of a regular grid of the region's box that lie in the region."""
    axes = [np.linspace(low, high, points) for low, high in zip(region.low, region.high, strict=True)]
    every = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes)).astype(np.float32)
    return every[region.holds(every)]


def main() -> None:
    """Measure, print and write."""
    parser = arguments("flywheel", (__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="trained models to repair, each from its own seed")
    options = parser.parse_args()
    subprocess.run([sys.executable, str(EXAMPLE / "make_data.py")], check=True)
    wheels: list[Wheel] = []
    with tempfile.TemporaryDirectory() as folder:
        configs = [configuration(Path(folder), seed) for seed in range(1 if options.quick else options.seeds)]
        with open_session(configs[0]) as session:
            session.ray()  # which those of the seeds join
            for seed, config in enumerate(configs):
                print(f"seed {seed}")
                new_keys(Path(config.keys))
                wheels.append(turn(open_session(config), config, Progress(doing())))
    write_results("flywheel", figures_of(wheels), notes_of(wheels), options.json)


def figures_of(wheels: Sequence[Wheel]) -> list[Figure]:
    """Medians over the wheels, each judged by what was asked for."""
    first, last = [wheel.judged[0] for wheel in wheels], [wheel.judged[-1] for wheel in wheels]
    return [
        figure("flaws before, 20³", [each.coarse for each in first], "points", at_least=200, baseline=439),
        figure("flaws after, 20³", [each.coarse for each in last], "points", baseline=0),
        figure("far points above 0.005, 60³", [100 * each.fine_share for each in last], "%", at_most=FAR),
        figure("rounds", [wheel.rounds for wheel in wheels], "rounds", at_most=ROUNDS, baseline=16),
        figure("repairs", [len(wheel.repairs) for wheel in wheels], "repairs", at_most=KERNELS - 1, baseline=KERNELS),
        figure("verdict passed", [float(wheel.passed) for wheel in wheels], "", at_least=1),
        figure("least share kept, guard", [each.budget.least_of_all for each in last], "", at_least=KEPT),
        figure("unseen that keep 0.95", [100 * each.unseen_kept for each in last], "%", at_least=UNSEEN_KEPT),
        figure("seconds of the wheel", [wheel.seconds for wheel in wheels], "s"),
    ]


def notes_of(wheels: Sequence[Wheel]) -> str:
    """What a reader of the figures has to know."""
    return (
        f"Reference: {REFERENCE}. Rounds count the last audit; seeds 0 to {len(wheels) - 1}, whose repairs"
        f" are {'; '.join(str(wheel.repairs) for wheel in wheels)}."
    )


def configuration(folder: Path, seed: int) -> Config:
    """The example as it is, with this seed, in a store and with keys of its own."""
    plain = {"store": f"{folder}/{seed}/store", "keys": f"{folder}/{seed}/keys"}
    return load_config(EXAMPLE / "config.yaml", [f"seed={seed}"], plain=plain)


if __name__ == "__main__":
    main()
