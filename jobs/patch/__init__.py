"""``iirl patch``: flaws → a repaired child artifact that was tried, under the known-good budget."""

from jobs.patch.job import patch_round as patch_round
from jobs.patch.job import run as run
from jobs.patch.repair import REPAIR as REPAIR
from jobs.patch.repair import Repair as Repair
