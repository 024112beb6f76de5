"""A Finding: one Probe on which a Norm was broken, verified, with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from iirl_core.canonical import Digest, digest_json
from iirl_core.demonstration import Input
from iirl_core.probe.situations import UNKNOWN


class TriageLabel(StrEnum):
    """A person's (or a written policy's) word on a finding."""

    FLAW = "flaw"
    NOT_A_FLAW = "not a flaw"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Finding:
    """``rewards`` are those of the probe's inputs, computed again by the verifier from the raw inputs: of trajectories
    at the offending ``step``, or their means where they were judged as wholes; ``excess`` > 0 is how far the norm's
    threshold was passed; ``step`` is 0 for a conversation.
    ``source`` is where the record came from that the probe was made from ("" where nobody knows); ``weight`` is the
    norm's; ``situation`` is where the first input lies (``probe/situations.py``); ``twin`` names a
    worse finding that this one nearly equals (``twins.py``; "" where none does); ``smaller`` are the least inputs found
    that break the norm as well (``shrinking.py``; its own where there are none, nothing where nobody looked).
    """

    digest: Digest
    round: int
    norm: str
    hard: bool
    severity: int
    family: str
    label: str
    note: str
    inputs: tuple[Input, ...]
    rewards: tuple[float, ...]
    excess: float
    step: int = 0
    source: str = ""
    weight: float = 1.0
    situation: int = UNKNOWN
    twin: str = ""
    smaller: tuple[Input, ...] = ()

    @property
    def id(self) -> str:
        """``f-`` and 12 hexadecimal digits, from what was asked and of whom."""
        return "f-" + digest_json([self.digest, self.round, self.norm, self.label, self.step])[7:19]

    @property
    def command(self) -> str:
        """What asks about it again, of the same artifact."""
        return f"iirl why CONFIG.yaml --artifact {self.digest} --on {self.id}"

    @property
    def origin(self) -> str:
        """The family that asked first, also where it was asked again as a former finding."""
        return self.label.partition("/")[0]

    @property
    def offender(self) -> Input:
        """The input whose reward is wrong: the edit of a pair, else the only input."""
        return self.inputs[-1]
