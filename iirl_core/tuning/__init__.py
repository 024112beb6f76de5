"""Tuning: a text encoder trained end to end with an expertness on top of it. Knows nothing of ranks."""

from iirl_core.tuning.texts import Texts as Texts
from iirl_core.tuning.tuned import Tuned as Tuned
