"""The size of a mixture of autoencoders that the configuration leaves open: chosen once for a run, and kept beside it.

runs/NAME/RUN/size.json    what was chosen, and the held-out error of every size that was tried
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import cast

from iirl_core.canonical import JsonValue, canonical_json
from iirl_core.config import Config
from iirl_core.config.expertness import MixtureSection
from iirl_core.config.sizes import ASKED_ROWS, FITTED_ROWS, is_open, with_size
from iirl_core.expertness.sizing import SizeTrial, smallest_good, try_sizes
from iirl_core.store.protocol import Store
from jobs.train.features import Features
from jobs.train.preparing import Run

SIZE = "size.json"


def sized(run: Run) -> Config:
    """The run's configuration with the size that its features choose, where it leaves one open; a run that goes on
    after a kill keeps what it chose.

    Raises:
        ConfigError: there are too few rows to choose by, or no size ends in a finite number (``try_sizes``).
    """
    section = run.config.expertness
    if not isinstance(section, MixtureSection) or not is_open(section):
        return run.config
    trials = tried(run.session.store, run.folder) or _try(run, section)
    chosen = smallest_good(trials)
    expertness = with_size(section, chosen.experts, chosen.bottleneck)
    run.progress.say(
        f"  {chosen.experts} experts with a bottleneck of {chosen.bottleneck}: the smallest of {len(trials)} sizes "
        "within a standard error of the lowest held-out error"
    )
    return run.config.model_copy(update={"expertness": expertness})


def tried(store: Store, folder: str) -> list[SizeTrial]:
    """The sizes that the run under ``folder`` tried: none, where the configuration gave one."""
    if not store.exists(f"{folder}/{SIZE}"):
        return []
    return [SizeTrial(**trial) for trial in json.loads(store.get(f"{folder}/{SIZE}"))["trials"]]


def size_metrics(trials: list[SizeTrial]) -> dict[str, float]:
    """What the manifest says of them: each one's held-out error, and the standard error that decided."""
    if not trials:
        return {}
    best = min(trials, key=lambda one: one.error)
    errors = {f"size_error_{one.experts}x{one.bottleneck}": one.error for one in trials}
    return {**errors, "size_standard_error": best.spread}


def _try(run: Run, section: MixtureSection) -> list[SizeTrial]:
    store, folder = run.session.store, f"{run.folder}/features"
    with run.progress.task("choosing the mixture's size"):
        rows = Features(store, folder, "train").head(FITTED_ROWS, expert=1.0, weighed=True)
        held_out = Features(store, folder, "held_out").head(ASKED_ROWS, expert=1.0, weighed=True)
        if not len(held_out):
            rows = rows[: FITTED_ROWS // 2]
        trials = try_sizes(section, rows, held_out if len(held_out) else None, run.config.seed)
    chosen = smallest_good(trials)
    document = {
        "experts": chosen.experts,
        "bottleneck": chosen.bottleneck,
        "trials": [cast(JsonValue, asdict(trial)) for trial in trials],
    }
    store.put(f"{run.folder}/{SIZE}", canonical_json(cast(JsonValue, document)))
    return trials
