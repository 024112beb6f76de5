"""What the report shows, and nothing else: ReportData and the small nouns it is made of.

Whoever turns the wheel fills these from manifests, audits and evaluations; the page only lays them out. Rewards, rates
and shares lie in [0, 1]; distances are in the observations' own units unless a Measurement says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

from iirl_core.audit.cell import Cell
from iirl_core.audit.example import Example
from iirl_core.audit.steering import Choice
from iirl_core.audit.tampering import Movement
from iirl_core.norm.norm import Norm
from iirl_core.patch.repairs import Repairs
from iirl_core.report.artifact_data import ArtifactFacts, RoundFacts, StatementFacts, VerdictFacts
from iirl_core.report.audit_data import CoverageCell, FindingFacts
from iirl_core.report.figure_data import EvaluationFigure, RewardGroup
from iirl_core.report.place_data import LatentMap, RewardField


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
