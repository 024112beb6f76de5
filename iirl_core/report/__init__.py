"""Pages: ``render_report(data)``, the audit report, and ``render_evaluation(data)``; each is self-contained HTML."""

from iirl_core.report.artifact_data import Ancestor as Ancestor
from iirl_core.report.artifact_data import ArtifactFacts as ArtifactFacts
from iirl_core.report.artifact_data import CorpusFacts as CorpusFacts
from iirl_core.report.artifact_data import RoundFacts as RoundFacts
from iirl_core.report.artifact_data import StatementFacts as StatementFacts
from iirl_core.report.artifact_data import VerdictFacts as VerdictFacts
from iirl_core.report.audit_data import CoverageCell as CoverageCell
from iirl_core.report.audit_data import FindingFacts as FindingFacts
from iirl_core.report.audit_data import Measurement as Measurement
from iirl_core.report.data import ReportData as ReportData
from iirl_core.report.evaluation_data import Chapter as Chapter
from iirl_core.report.evaluation_data import Curve as Curve
from iirl_core.report.evaluation_data import Diagram as Diagram
from iirl_core.report.evaluation_data import EvaluationData as EvaluationData
from iirl_core.report.evaluation_data import Panel as Panel
from iirl_core.report.evaluation_data import Rollouts as Rollouts
from iirl_core.report.evaluation_page import render_evaluation as render_evaluation
from iirl_core.report.figure_data import Baseline as Baseline
from iirl_core.report.figure_data import Distribution as Distribution
from iirl_core.report.figure_data import EvaluationFigure as EvaluationFigure
from iirl_core.report.figure_data import RewardGroup as RewardGroup
from iirl_core.report.page import render_report as render_report
from iirl_core.report.place_data import LatentMap as LatentMap
from iirl_core.report.place_data import RewardField as RewardField
