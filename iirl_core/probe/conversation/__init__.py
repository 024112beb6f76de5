"""Families that ask about conversations: an answer of a demonstration, edited or replaced."""

from iirl_core.probe.conversation.careless import Careless as Careless
from iirl_core.probe.conversation.empty import Empty as Empty
from iirl_core.probe.conversation.formatting import Formatting as Formatting
from iirl_core.probe.conversation.mismatch import Mismatch as Mismatch
from iirl_core.probe.conversation.padding import Padding as Padding
