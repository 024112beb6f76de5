"""What the report shows, and nothing else: ReportData and the small nouns it is made of.

Whoever turns the wheel fills these from manifests, audits and evaluations; the page only lays them out. Rewards, rates
and shares lie in [0, 1]; distances are in the observations' own units unless a Measurement says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from iirl_core.audit.cell import Cell
from iirl_core.audit.example import Example
from iirl_core.audit.finding import Finding, TriageLabel
from iirl_core.audit.steering import Choice
from iirl_core.audit.tampering import Movement
from iirl_core.canonical import Digest
from iirl_core.demonstration import Input
from iirl_core.errors import InputError
from iirl_core.norm.norm import Norm
from iirl_core.patch.repairs import Repairs


@dataclass(frozen=True)
class Ancestor:
    """One artifact of the chain; ``made`` says how it came to be ("trained", "repaired: 41 patches")."""

    digest: Digest
    version: str
    made: str


@dataclass(frozen=True)
class CorpusFacts:
    """One corpus that was learnt from; ``rows`` were used, ``quarantined`` were put aside with their reasons."""

    name: str
    role: str
    rows: int
    quarantined: int
    digest: Digest


@dataclass(frozen=True)
class ArtifactFacts:
    """What the artifact is. ``lineage`` runs from the root to the parent, without the artifact itself; ``mode`` is
    *strict*, *frozen-policy* or *policy-adaptive*; ``supervision`` as the manifest declares it; ``encoder``,
    ``expertness`` and ``mapping`` are short descriptions for readers; ``created`` is a date and time as text ("" where
    only the log knows); ``forgotten`` tells of records that it forgot ("" where there are none).
    """

    name: str
    version: str
    digest: Digest
    kind: Literal["conversation", "trajectory"]
    mode: str
    supervision: str
    encoder: str
    expertness: str
    mapping: str
    created: str
    lineage: tuple[Ancestor, ...]
    corpora: tuple[CorpusFacts, ...]
    forgotten: str = ""


@dataclass(frozen=True)
class VerdictFacts:
    """Whether the audit passed, and each reason why not, one sentence each (why it did, if there is more to say)."""

    passed: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class RoundFacts:
    """One turn of the wheel. ``hard_flaws`` counts verified findings of hard norms; ``guard_min`` is the smallest share
    of its root reward that any guard point keeps; ``unseen_share`` is the share of unseen demonstration points that
    keep at least 0.95 of theirs (None: not measured in that round); ``held_out_rate`` of the questions of families that
    no repair saw broke a norm (None: there are none).
    """

    round: int
    digest: Digest
    probes: int
    findings: int
    verified: int
    flaws: int
    unsure: int
    hard_flaws: int
    repairs_added: int
    refused: int
    guard_min: float | None
    unseen_share: float | None
    held_out_rate: float | None = None


@dataclass(frozen=True)
class CoverageCell:
    """One probe family against one norm in the last audit: ``probes`` asked, ``findings`` verified, and the 95% upper
    bound of the flaw rate (1.0 where nothing was asked).

    Raises:
        InputError: more findings than probes, or a bound outside [0, 1].
    """

    family: str
    norm: str
    probes: int
    findings: int
    upper: float

    def __post_init__(self) -> None:
        if not 0 <= self.findings <= self.probes or not 0 <= self.upper <= 1:
            raise InputError(
                f"{self.family} × {self.norm}: {self.findings} findings of {self.probes} probes, bound {self.upper}",
                "0 ≤ findings ≤ probes and a bound in [0, 1]",
            )


@dataclass(frozen=True)
class Measurement:
    """One number about a finding, such as its distance to the demonstrations; ``unit`` may be empty."""

    name: str
    value: float
    unit: str = ""


@dataclass(frozen=True)
class FindingFacts:
    """One finding as a person reads it: what triage said, whether the artifact still shows it, how far away it lies,
    and the ``smaller`` inputs that break the norm as well (empty where none are known).
    """

    finding: Finding
    label: TriageLabel
    open: bool
    distances: tuple[Measurement, ...] = ()
    smaller: tuple[Input, ...] = ()


@dataclass(frozen=True, eq=False)
class RewardGroup:
    """Rewards ``[N]`` of one group of inputs under the root artifact (``before``) and this one (``after``)."""

    name: str
    role: Literal["demonstrations", "contrast"]
    before: NDArray[np.floating]
    after: NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Distribution:
    """Rewards ``[N]`` of one group of inputs; ``good`` if they should be high."""

    name: str
    good: bool
    rewards: NDArray[np.floating]


@dataclass(frozen=True)
class Baseline:
    """The same figure for something simpler, with its 95% interval where there is one."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class EvaluationFigure:
    """One figure over ``count`` frozen inputs, with its 95% interval ``[low, high]``; ``note`` says what it is."""

    name: str
    value: float
    low: float | None
    high: float | None
    count: int
    higher_is_better: bool
    note: str
    baselines: tuple[Baseline, ...] = ()


@dataclass(frozen=True, eq=False)
class RewardField:
    """Step rewards on a regular grid over the box ``low … high`` (each ``[d]``, d = 2 or 3), before (root) and after.

    ``before`` and ``after`` have shape ``[n_0, …, n_{d−1}]``, axis i running along observation i; ``demonstrations``
    (``[P, d]``), ``flaws`` (``[F, d]``) and ``kernels`` (``[K, d]``, where the flaws they cite lie) are points.

    Raises:
        InputError: the shapes do not fit.
    """

    axes: tuple[str, ...]
    low: NDArray[np.floating]
    high: NDArray[np.floating]
    before: NDArray[np.floating]
    after: NDArray[np.floating]
    demonstrations: NDArray[np.floating]
    flaws: NDArray[np.floating]
    kernels: NDArray[np.floating]

    def __post_init__(self) -> None:
        d = len(self.axes)
        points = (self.demonstrations, self.flaws, self.kernels)
        fits = d in (2, 3) and self.before.ndim == d and self.before.shape == self.after.shape
        fits = fits and self.low.shape == self.high.shape == (d,)
        if not fits or any(group.ndim != 2 or group.shape[1] != d for group in points):
            shapes = [list(array.shape) for array in (self.low, self.before, self.after, *points)]
            raise InputError(f"a reward field of {d} axes with shapes {shapes}", "a 2-D or 3-D grid and points in it")


@dataclass(frozen=True, eq=False)
class LatentMap:
    """Points of whitened latent space: ``demonstrations [D, W]`` (at least one), ``probes [P, W]`` of the last audit,
    and the places of the worst ``findings [F, W]``.

    Raises:
        InputError: the shapes do not fit.
    """

    demonstrations: NDArray[np.floating]
    probes: NDArray[np.floating]
    findings: NDArray[np.floating]

    def __post_init__(self) -> None:
        shapes = [group.shape for group in (self.demonstrations, self.probes, self.findings)]
        if not len(self.demonstrations) or len({shape[1:] for shape in shapes}) != 1 or len(shapes[0]) != 2:
            raise InputError(f"a latent map of shapes {[list(shape) for shape in shapes]}", "[N, W] with one W")


@dataclass(frozen=True)
class StatementFacts:
    """One signed statement about the artifact: its kind, the role and key that signed it, what it says in a sentence,
    when ("": not told; statements hold no time, the log does), and whether the signature was verified for this report.
    """

    kind: str
    role: str
    key: str
    says: str
    time: str
    verified: bool


@dataclass(frozen=True)
class ReportData:
    """Everything on the page. ``findings`` come worst first and may be a selection of ``findings_total``; ``gaps`` are
    sentences about what the audit did not look at; ``cells`` and ``examples`` are the technique × situation matrix of
    the last audit, ``choices`` what its blue team chose, ``movements`` of the reward with what cannot matter,
    ``latent`` a map of where it asked; ``generated`` is a date and time as text.
    """

    artifact: ArtifactFacts
    verdict: VerdictFacts
    norms: tuple[Norm, ...]
    rounds: tuple[RoundFacts, ...]
    coverage: tuple[CoverageCell, ...]
    gaps: tuple[str, ...]
    findings: tuple[FindingFacts, ...]
    findings_total: int
    repairs: Repairs
    groups: tuple[RewardGroup, ...]
    figures: tuple[EvaluationFigure, ...]
    field: RewardField | None
    statements: tuple[StatementFacts, ...]
    generated: str
    cells: tuple[Cell, ...] = ()
    examples: tuple[Example, ...] = ()
    choices: tuple[Choice, ...] = ()
    movements: tuple[Movement, ...] = ()
    latent: LatentMap | None = None
