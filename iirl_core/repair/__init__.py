"""Repairs on trial: does one mend what it says, hold around that, and break nothing else?"""

from iirl_core.repair.approval import Approval as Approval
from iirl_core.repair.approval import Decided as Decided
from iirl_core.repair.approval import decide as decide
from iirl_core.repair.choosing import CHOSEN as CHOSEN
from iirl_core.repair.choosing import Plan as Plan
from iirl_core.repair.choosing import choose as choose
from iirl_core.repair.choosing import lay_out as lay_out
from iirl_core.repair.ground import Ground as Ground
from iirl_core.repair.ground import ground_of as ground_of
from iirl_core.repair.offer import Offer as Offer
from iirl_core.repair.trial import Trial as Trial
from iirl_core.repair.trying import try_repair as try_repair
