"""``iirl triage``: by the written policy, and by people."""

from collections.abc import Callable

from jobs.outcome import Outcome
from jobs.triage.exchanging import export_tasks, import_labels
from jobs.triage.labelling import label, undo
from jobs.triage.listing import list_clusters
from jobs.triage.policy import run as run
from jobs.triage.policy import say_unsure as say_unsure
from jobs.triage.policy import triage_round as triage_round
from jobs.triage.showing import show

ACTS: dict[str, Callable[..., Outcome]] = {
    "list": list_clusters,
    "show": show,
    "label": label,
    "undo": undo,
    "export": export_tasks,
    "import": import_labels,
}
"""What people do, by the word before CONFIG."""
