"""One file per wire format; each is a pair of pure functions: body → what is asked, Scores → body."""

from serving.dialects.dialect import Dialect as Dialect
from serving.dialects.dialect import Understood as Understood
from serving.dialects.native import NATIVE
from serving.dialects.openrlhf import OPENRLHF

DIALECTS: tuple[Dialect, ...] = (NATIVE, OPENRLHF)
