"""Unlearning: what a model that learnt from some records has to make anew to have forgotten them, and what remains."""

from iirl_core.unlearning.forgotten import Forgotten as Forgotten
from iirl_core.unlearning.reach import Reach as Reach
from iirl_core.unlearning.reach import Way as Way
from iirl_core.unlearning.reach import kept_repairs as kept_repairs
from iirl_core.unlearning.reach import reach_of as reach_of
from iirl_core.unlearning.reach import way_of as way_of
from iirl_core.unlearning.remains import Distance as Distance
from iirl_core.unlearning.remains import Heard as Heard
from iirl_core.unlearning.remains import Remains as Remains
from iirl_core.unlearning.remains import distance as distance
from iirl_core.unlearning.remains import remains as remains
