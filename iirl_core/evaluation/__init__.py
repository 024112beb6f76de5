"""Evaluation: frozen data → numbers with confidence intervals. One suite, one file; nothing here scores anything."""

from __future__ import annotations

from iirl_core.evaluation.best_of_n import best_of_n, picking_kl
from iirl_core.evaluation.calibration import calibration
from iirl_core.evaluation.estimate import Estimate as Estimate
from iirl_core.evaluation.evaluation import Evaluation as Evaluation
from iirl_core.evaluation.evaluation import SuiteFacts as SuiteFacts
from iirl_core.evaluation.evaluation import parse_evaluation as parse_evaluation
from iirl_core.evaluation.examine import GRADED as GRADED
from iirl_core.evaluation.examine import examine_graded as examine_graded
from iirl_core.evaluation.examine import examine_judge as examine_judge
from iirl_core.evaluation.examine import examine_picks as examine_picks
from iirl_core.evaluation.examine import examine_transfer as examine_transfer
from iirl_core.evaluation.frozen import Frozen as Frozen
from iirl_core.evaluation.frozen import Group as Group
from iirl_core.evaluation.frozen import Judged as Judged
from iirl_core.evaluation.frozen import pair_up as pair_up
from iirl_core.evaluation.graded import Graded as Graded
from iirl_core.evaluation.graded import GradedRow as GradedRow
from iirl_core.evaluation.graded import graded_of as graded_of
from iirl_core.evaluation.judge import judge
from iirl_core.evaluation.judged_row import Columns as Columns
from iirl_core.evaluation.judged_row import JudgedRow as JudgedRow
from iirl_core.evaluation.judged_row import golden_of as golden_of
from iirl_core.evaluation.judged_row import judged_of as judged_of
from iirl_core.evaluation.judged_row import read_judged as read_judged
from iirl_core.evaluation.length import length
from iirl_core.evaluation.notes import NOTES as NOTES
from iirl_core.evaluation.notes import higher_is_better as higher_is_better
from iirl_core.evaluation.pairs import pairs
from iirl_core.evaluation.random_head import random_head
from iirl_core.evaluation.random_head import random_heads as random_heads
from iirl_core.evaluation.ranking import Suite
from iirl_core.evaluation.resampling import Resampling as Resampling
from iirl_core.evaluation.retention import retention
from iirl_core.evaluation.row_facts import RowFacts as RowFacts
from iirl_core.evaluation.row_facts import prompt_digest as prompt_digest
from iirl_core.evaluation.separation import separation

SUITES: dict[str, Suite] = {
    "separation": separation,
    "retention": retention,
    "pairs": pairs,
    "calibration": calibration,
    "judge": judge,
    "best_of_n": best_of_n,
    "kl": picking_kl,
    "length": length,
    "random": random_head,
}
"""In the order in which they are shown; a suite that the data do not allow gives nothing."""

BASELINES = {"length": "length alone", "random": "random head"}
"""Suites whose figures stand beside others': ``length/pairs/C`` beside ``pairs/C``; and what they are called."""


def evaluate(frozen: Frozen, resampling: Resampling) -> list[Estimate]:
    """All suites."""
    return [estimate for suite in SUITES.values() for estimate in suite(frozen, resampling)]
