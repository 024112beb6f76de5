"""How many experts a mixture of autoencoders gets, and how wide a bottleneck: by held-out error.

A row that is held out says little: the wider the bottleneck, the better it is reconstructed, noise and all, until the
autoencoder copies. So of a held-out row also some *numbers* are held out and predicted from its others, as is done to
choose the components of a principal component analysis (Wold 1978; Bro et al. 2008, "Cross-validation of component
models", the EM way): they start at the training rows' mean, and are replaced by their own reconstruction again and
again. What copies leaves them where they were; what is as wide as the rows' own dimensions finds them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from iirl_core.config.expertness import MixtureSection
from iirl_core.config.sizes import BATCH, FOLDS, PREDICTIONS, STEPS, sizes_of
from iirl_core.errors import ConfigError
from iirl_core.expertness.autoencoder_mixture import AutoencoderMixture
from iirl_core.expertness.batch import Batch

RATE = 5e-3
"""Of Adam, going down in half a cosine."""
HELD_OUT = 0.2
"""The share of rows that is held out where no part is."""
OR_GIVE = "give expertness.experts and expertness.bottleneck"


@dataclass(frozen=True)
class SizeTrial:
    """One size: its ``parameters`` for one member, the mean squared ``error`` of the held-out numbers, in units of z
    squared, and that mean's standard error over rows, ``spread``.
    """

    experts: int
    bottleneck: int
    parameters: int
    error: float
    spread: float


def smallest_good(trials: Sequence[SizeTrial]) -> SizeTrial:
    """The one with the fewest parameters among those whose error is within one standard error of the best (Breiman et
    al. 1984, §3.4.3); of equals the first. ``trials`` is not empty.
    """
    best = min(trials, key=lambda one: one.error)
    good = [one for one in trials if one.error <= best.error + best.spread]
    return min(good, key=lambda one: one.parameters)


def try_sizes(section: MixtureSection, rows: Tensor, held_out: Tensor | None, seed: int) -> list[SizeTrial]:
    """Every size that ``section`` leaves open, fitted briefly to ``rows [N, D]`` and asked about ``held_out [H, D]``;
    None: about the last fifth of ``rows``, which is then not fitted to. One member each, and the same numbers held out.

    Those that ended in no finite number are left out.

    Raises:
        ConfigError: there is no row to fit or none to ask about, or every size ended in no finite number.
    """
    if held_out is None:
        cut = min(len(rows) - 1, round((1 - HELD_OUT) * len(rows)))
        rows, held_out = rows[:cut], rows[cut:]
    if not len(rows) or not len(held_out):
        raise ConfigError(
            f"{len(rows)} rows to fit and {len(held_out)} held out to choose the size of a mixture by",
            "at least one of each",
            f"Add records, or {OR_GIVE}",
        )
    generator = torch.random.get_rng_state()
    try:
        sizes = sizes_of(section, rows.shape[1])
        return finite([_trial(size, section.hidden, rows, held_out, seed) for size in sizes])
    finally:
        torch.random.set_rng_state(generator)


def finite(trials: Sequence[SizeTrial]) -> list[SizeTrial]:
    """Those whose error is a finite number, and its standard error.

    Raises:
        ConfigError: none is.
    """
    found = [one for one in trials if math.isfinite(one.error) and math.isfinite(one.spread)]
    if not found:
        raise ConfigError(
            f"of {len(trials)} sizes of a mixture none has a held-out error that is a finite number",
            "at least one",
            f"Look for records with numbers that are not finite or far too large, or {OR_GIVE}",
        )
    return found


def _trial(size: tuple[int, int], hidden: int, rows: Tensor, held_out: Tensor, seed: int) -> SizeTrial:
    torch.manual_seed(seed)
    module = AutoencoderMixture(rows.shape[1], *size, hidden, members=1)
    _descend(module, rows)
    errors = _held_out_errors(module, rows.mean(dim=0), held_out)
    return SizeTrial(
        *size,
        sum(parameter.numel() for parameter in module.parameters()),
        float(errors.mean()),
        float(errors.std(correction=0) / len(errors) ** 0.5),
    )


def _descend(module: AutoencoderMixture, rows: Tensor) -> None:
    optimiser = torch.optim.Adam(module.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for _ in range(STEPS):
        at = torch.randint(len(rows), (min(BATCH, len(rows)),))
        even = torch.ones(len(at))
        loss = module.loss(Batch(rows[at], even, even, at))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()


@torch.no_grad()
def _held_out_errors(module: AutoencoderMixture, mean: Tensor, held_out: Tensor) -> Tensor:
    """``[H]``: of each row, over all its numbers, each predicted from those of the other folds."""
    width = held_out.shape[1]
    folds = torch.randperm(width, generator=torch.Generator().manual_seed(0)) % min(FOLDS, width)
    errors = torch.zeros_like(held_out)
    for fold in range(int(folds.max()) + 1):
        asked = folds == fold
        seen = torch.where(asked, mean, held_out)
        for _ in range(PREDICTIONS):
            seen = torch.where(asked, module.reconstructed(seen)[0], held_out)
        errors[:, asked] = (seen - held_out)[:, asked].square()
    return errors.mean(dim=1)
