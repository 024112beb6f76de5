"""Patches: local corrections as data; how they are evaluated, proposed and charged."""

from iirl_core.patch.ball import Ball as Ball
from iirl_core.patch.budget import BudgetReport as BudgetReport
from iirl_core.patch.budget import check_budget as check_budget
from iirl_core.patch.edit import WeightEdit as WeightEdit
from iirl_core.patch.patch import Patch as Patch
from iirl_core.patch.projection import Projection as Projection
from iirl_core.patch.repairs import Repair as Repair
from iirl_core.patch.repairs import Repairs as Repairs
from iirl_core.patch.sculpt import Sculpt as Sculpt
