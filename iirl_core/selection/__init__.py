"""Which comparisons a reward is re-fitted on: decisions about similarities, without an encoder or a cluster."""

from iirl_core.selection.nearest import Nearest as Nearest
from iirl_core.selection.sampling import MAX_TOKENS as MAX_TOKENS
from iirl_core.selection.sampling import MOST_SAMPLES as MOST_SAMPLES
from iirl_core.selection.sampling import dealt as dealt
from iirl_core.selection.sampling import drawn as drawn
from iirl_core.selection.sampling import kept_of as kept_of
