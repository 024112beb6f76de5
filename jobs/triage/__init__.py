"""``iirl triage``: by the written policy, and by people."""

from jobs.triage.policy import run as run
from jobs.triage.policy import say_unsure as say_unsure
from jobs.triage.policy import triage_round as triage_round
