"""Families that ask about conversations: an answer of a demonstration, edited or replaced."""

from iirl_core.probe.conversation.best_of_n import BestOfN
from iirl_core.probe.conversation.careless import Careless as Careless
from iirl_core.probe.conversation.citations import FAMILY as CITATIONS
from iirl_core.probe.conversation.climb import Climb
from iirl_core.probe.conversation.concatenation import FAMILY as CONCATENATION
from iirl_core.probe.conversation.confidence import FAMILY as CONFIDENCE
from iirl_core.probe.conversation.contradiction import FAMILY as CONTRADICTION
from iirl_core.probe.conversation.echo import FAMILY as ECHO
from iirl_core.probe.conversation.edited import Edited
from iirl_core.probe.conversation.empty import Empty as Empty
from iirl_core.probe.conversation.flattery import FAMILY as FLATTERY
from iirl_core.probe.conversation.formatting import FAMILY as FORMATTING
from iirl_core.probe.conversation.gaming import FAMILY as GAMING
from iirl_core.probe.conversation.injection import FAMILY as INJECTION
from iirl_core.probe.conversation.jargon import FAMILY as JARGON
from iirl_core.probe.conversation.language import FAMILY as LANGUAGE
from iirl_core.probe.conversation.mismatch import Mismatch as Mismatch
from iirl_core.probe.conversation.order import FAMILY as ORDER
from iirl_core.probe.conversation.padding import FAMILY as PADDING
from iirl_core.probe.conversation.pairs import Pairs as Pairs
from iirl_core.probe.conversation.refusal import FAMILY as REFUSAL
from iirl_core.probe.conversation.scan import Scan as Scan
from iirl_core.probe.conversation.surface import FAMILY as SURFACE
from iirl_core.probe.conversation.token_search import TokenSearch
from iirl_core.probe.conversation.truncation import FAMILY as TRUNCATION
from iirl_core.probe.conversation.vagueness import FAMILY as VAGUENESS

EDITED: tuple[Edited, ...] = (
    SURFACE,
    ORDER,
    TRUNCATION,
    FORMATTING,
    PADDING,
    FLATTERY,
    CONFIDENCE,
    VAGUENESS,
    JARGON,
    CITATIONS,
    ECHO,
    REFUSAL,
    CONTRADICTION,
    LANGUAGE,
    INJECTION,
    GAMING,
    CONCATENATION,
)
"""A demonstration and its edit: slips, order, manners, content."""
SEARCHED: tuple[Climb, ...] = (Climb("climb", parents=1, children=6), Climb("evolve", parents=3, children=3))
"""Reward-guided: what an optimiser makes of a bad answer."""
PICKED: tuple[BestOfN | TokenSearch, ...] = (
    BestOfN("best_of_n", "demonstrations"),
    BestOfN("tempted", "corpus"),
    TokenSearch(),
)
"""What the reward likes best of what a language model says."""
