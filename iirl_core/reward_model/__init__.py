"""The RewardModel and what it is made of."""

from iirl_core.reward_model.assemble import assemble as assemble
from iirl_core.reward_model.model import RewardModel as RewardModel
from iirl_core.reward_model.rows import Rows as Rows
from iirl_core.reward_model.spaces import Spaces as Spaces
from iirl_core.reward_model.support import Support as Support
from iirl_core.reward_model.whitening import Whitening as Whitening
