"""Write the spatial example's data: ``python examples/spatial/make_data.py [--out FOLDER]``.

    data/walks.npz  demonstrations: noisy walks along a curve in [−1, 1]³ (D4RL keys: observations, episode)
    data/path.csv   the curve itself, one point a line: the geometry of the norm

The curve is that of the Flywheel paper (arXiv 2603.02259): for t in [0, 1]

    (−1 + 2t,  clip(−1 + 2t + 0.8·sin πt, −1, 1),  clip(−1 + 2t + 0.8·cos πt, −1, 1))

A walk visits it from start to end; each step is off by Gaussian noise of σ = 0.05 per axis, pulled back to 0.2 from the
curve where it would be farther. Equal seeds give equal bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KDTree

HERE = Path(__file__).parent
SEED = 20261
WALKS = 300
STEPS = 64
SIGMA = 0.05
FARTHEST = 0.2
CURVE_POINTS = 4001
Points = NDArray[np.float64]


def curve(t: Points) -> Points:
    """``[N]`` in [0, 1] → ``[N, 3]``."""
    base = -1 + 2 * t
    rest = [np.clip(base + 0.8 * wave(np.pi * t), -1, 1) for wave in (np.sin, np.cos)]
    return np.stack([base, *rest], axis=-1)


def walk(rng: np.random.Generator, dense: Points, tree: KDTree) -> Points:
    """``[STEPS, 3]``: one noisy walk from start to end, at an uneven pace."""
    pace = (np.arange(STEPS) + rng.random(STEPS)) / STEPS
    steps = curve(pace) + rng.normal(scale=SIGMA, size=(STEPS, 3))
    distance, nearest = (column[:, 0] for column in tree.query(steps, k=1))
    pulled = dense[nearest] + (steps - dense[nearest]) * (FARTHEST / np.maximum(distance, FARTHEST))[:, None]
    return np.asarray(pulled)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "data")
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    dense = curve(np.linspace(0, 1, CURVE_POINTS))
    rng, tree = np.random.default_rng(SEED), KDTree(dense)
    walks = np.concatenate([walk(rng, dense, tree) for _ in range(WALKS)])
    np.savez(
        folder / "walks.npz",
        observations=walks.astype(np.float32),
        episode=np.repeat(np.arange(WALKS, dtype=np.int64), STEPS),
    )
    np.savetxt(folder / "path.csv", dense, delimiter=",", fmt="%.9g")
    print(f"{WALKS} walks of {STEPS} steps and a curve of {CURVE_POINTS} points in {folder}")


if __name__ == "__main__":
    main()
