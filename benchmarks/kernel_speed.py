"""Patches at scale: 10,000 inputs × 10,000 kernels in each of 5 experts, beside the matrix product it needs.

    python -m benchmarks.kernel_speed [--quick] [--repeats 9] [--json PATH]

The product is torch's own, of the same shapes in float32 with the result's memory at hand: ``[N, L] · [L, K]``, once
an expert, on the same thread. Rows and centres are drawn alike in the latents' own units (of deviation one), widths
between a third and one: few pairs are near each other, as in latents of seven dimensions; in a crowd (two dimensions)
many are, and each has to be measured. Effects are checked against the equation, pair by pair in float64. Repeats take
turns, so that a busy machine meets both; the figure is the ratio of the fastest of each.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmarks.figures import arguments, figure, write_results
from iirl_core.patch import Patch
from iirl_core.patch.bank import PatchBank
from iirl_core.patch.kernel import kernel

INPUTS = KERNELS = 10_000
EXPERTS = 5
DIMENSIONS, CROWD = 7, 2
CHECKED = 40
"""Rows whose effects are computed again by the equation."""


@dataclass(frozen=True)
class Case:
    """``phi [N, E, L]`` and ``gate [N, E]``, and the bank of E·K patches with ``centres [E, K, L]``, ``widths [E, K]``
    and one strength.
    """

    phi: Tensor
    gate: Tensor
    centres: Tensor
    widths: Tensor
    strength: float
    bank: PatchBank

    def effects(self) -> Tensor:
        """``[N]``."""
        return self.bank.effects({"latent": (self.phi, self.gate)}, len(self.phi)).suppressed


def case(inputs: int, kernels: int, dimensions: int) -> Case:
    """Drawn from one seed."""
    generator = torch.Generator().manual_seed(0)
    phi = torch.randn(inputs, EXPERTS, dimensions, generator=generator)
    gate = torch.softmax(torch.randn(inputs, EXPERTS, generator=generator), dim=1)
    centres = torch.randn(EXPERTS, kernels, dimensions, generator=generator)
    widths = torch.rand(EXPERTS, kernels, generator=generator) * 2 / 3 + 1 / 3
    strength = 0.25
    patches = [
        Patch("suppress", "latent", expert, tuple(centre), width, strength, (f"f-{number}",), ("n",), 1)
        for expert in range(EXPERTS)
        for number, (centre, width) in enumerate(zip(centres[expert].tolist(), widths[expert].tolist(), strict=True))
    ]
    return Case(phi, gate, centres.double(), widths.double(), strength, PatchBank(patches))


def product(one: Case) -> Callable[[], None]:
    """The matrix products alone."""
    rows = [one.phi[:, expert].contiguous() for expert in range(EXPERTS)]
    columns = [centres.float().T.contiguous() for centres in one.centres]
    room = torch.empty(len(one.phi), one.centres.shape[1])

    def multiply() -> None:
        for left, right in zip(rows, columns, strict=True):
            torch.mm(left, right, out=room)

    return multiply


def error(one: Case) -> float:
    """The largest difference to the equation, over ``CHECKED`` rows."""
    wanted = torch.zeros(CHECKED, dtype=torch.float64)
    for expert in range(EXPERTS):
        difference = one.phi[:CHECKED, expert].double().unsqueeze(1) - one.centres[expert]
        reached = kernel(difference.norm(dim=2) / one.widths[expert]).sum(dim=1)
        wanted += one.strength * one.gate[:CHECKED, expert].double() * reached
    return float((one.effects()[:CHECKED].double() - wanted).abs().max() / wanted.abs().max().clamp(min=1))


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@torch.no_grad()
def main() -> int:
    """Measure, print and write."""
    parser = arguments("kernel_speed", (__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    torch.set_num_threads(1)
    size, bound = (1000, None) if options.quick else (INPUTS, 2.0)
    figures = []
    for name, dimensions, most in (("", DIMENSIONS, bound), (" in a crowd", CROWD, None)):
        one = case(size, size, dimensions)
        multiply, before = product(one), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        wrong, grown = error(one), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        times = [(seconds(one.effects), seconds(multiply)) for _ in range(options.repeats)]
        ours, theirs = (np.array(each) for each in zip(*times, strict=True))
        said = f"product {theirs.min():.3g} s, effects {ours.min():.3g} s"
        figures += [
            figure(f"effects / product{name}", [ours.min() / theirs.min()], "×", at_most=most, baseline=said),
            figure(f"effects / product{name}, turn by turn", (ours / theirs).tolist(), "×"),
            figure(f"largest error{name}", [wrong], "", at_most=1e-6, baseline="the equation, in float64"),
            figure(f"memory{name}", [grown / 1024], "MiB", baseline="beyond the patches, the rows and the product"),
        ]
    notes = f"{size:,} inputs × {size:,} kernels × {EXPERTS} experts, one thread; {options.repeats} repeats."
    write_results("kernel_speed", figures, notes, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
