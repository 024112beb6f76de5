"""How a reward was learnt: without which interaction, and from what supervision. Recorded, and never overstated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from iirl_core.corpus.origin import Origin


class Mode(StrEnum):
    """How far a reward was learnt without interaction. In order: each claims less than the one before."""

    STRICT = "strict"
    """Fixed data only: no environment, no policy sampled or updated."""
    FROZEN_POLICY = "frozen-policy"
    """Negatives were sampled once from fixed policies."""
    POLICY_ADAPTIVE = "policy-adaptive"
    """Samples of a moving policy were used, in training or in audits."""


class Supervision(StrEnum):
    """What told good from bad. A person's triage labels are recorded beside it (``human``). In order: each claims less
    than the one before.
    """

    DEMONSTRATIONS_ONLY = "demonstrations-only"
    """No comparisons, no labelled negatives, no choice of models by quality."""
    WEAK = "weak"
    """Labelled or chosen negatives, or models ranked by quality."""
    PREFERENCE = "preference"
    """Comparisons, trained on as comparisons."""


@dataclass(frozen=True)
class Provenance:
    """Both claims. Without anything learnt from they are the strongest."""

    mode: Mode = Mode.STRICT
    supervision: Supervision = Supervision.DEMONSTRATIONS_ONLY

    def joined(self, other: Provenance) -> Provenance:
        """What can be said of something made from both: of each claim the lesser."""
        return Provenance(
            max(self.mode, other.mode, key=list(Mode).index),
            max(self.supervision, other.supervision, key=list(Supervision).index),
        )


SAMPLES = ("init-samples", "sft-samples", "samples")
"""Roles of corpora that hold samples of a policy, whatever else is known of it."""
TOLD = ("negatives", "probes")
"""Roles by which somebody says that answers are bad."""


@dataclass(frozen=True)
class Learnt:
    """A corpus that was learnt from, as far as the claims depend on it: its ``role``, whether its records are one
    ``side`` of comparisons, and all that is said of whose samples they are (nothing: fixed data).
    """

    role: str
    side: bool = False
    origins: tuple[Origin, ...] = ()


def provenance_of(learnt: Sequence[Learnt], *, compared: bool = False) -> Provenance:
    """The claims that hold of a reward learnt from these corpora.

    Mode:

    * *policy-adaptive* where a corpus holds samples of a moving policy;
    * *frozen-policy* where one holds samples of a fixed policy, as the roles of samples say by themselves;
    * *strict* otherwise.

    Supervision:

    * *preference* where the loss ``compared`` the two sides of comparisons;
    * *weak* where somebody said what is bad (a corpus of negatives, or of probes that patches go back to), where a side
      of comparisons was taken, or where several initial policies were chosen to be worse than the demonstrators;
    * *demonstrations-only* otherwise: the samples of the one policy that is to be aligned are labelled by nobody (AfD,
      arXiv 2405.15624, table 1).
    """
    origins = [origin for one in learnt for origin in one.origins]
    mode = Mode.STRICT
    if origins or any(one.role in SAMPLES for one in learnt):
        mode = Mode.FROZEN_POLICY
    if any(origin.sampled == "moving" for origin in origins):
        mode = Mode.POLICY_ADAPTIVE
    if compared:
        return Provenance(mode, Supervision.PREFERENCE)
    told = any(one.side or one.role in TOLD for one in learnt)
    return Provenance(mode, Supervision.WEAK if told or _initial(learnt) > 1 else Supervision.DEMONSTRATIONS_ONLY)


def _initial(learnt: Sequence[Learnt]) -> int:
    """How many initial policies there may be: a corpus that does not name its policy may hold another one's samples."""
    named: set[str | int] = set()
    for number, one in enumerate(learnt):
        if one.role == "init-samples":
            named |= {origin.policy for origin in one.origins} or {number}
    return len(named)
