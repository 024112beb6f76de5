"""What a report shows of audits: what was asked, and what was found."""

from __future__ import annotations

from dataclasses import dataclass

from iirl_core.audit.finding import Finding, TriageLabel
from iirl_core.demonstration import Input
from iirl_core.errors import InputError


@dataclass(frozen=True)
class CoverageCell:
    """One probe family against one norm in the last audit: ``probes`` asked, ``findings`` verified, and the 95% upper
    bound of the flaw rate (1.0 where nothing was asked).

    Raises:
        InputError: more findings than probes, or a bound outside [0, 1].
    """

    family: str
    norm: str
    probes: int
    findings: int
    upper: float

    def __post_init__(self) -> None:
        if not 0 <= self.findings <= self.probes or not 0 <= self.upper <= 1:
            raise InputError(
                f"{self.family} × {self.norm}: {self.findings} findings of {self.probes} probes, bound {self.upper}",
                "0 ≤ findings ≤ probes and a bound in [0, 1]",
            )


@dataclass(frozen=True)
class Measurement:
    """One number about a finding, such as its distance to the demonstrations; ``unit`` may be empty."""

    name: str
    value: float
    unit: str = ""


@dataclass(frozen=True)
class FindingFacts:
    """One finding as a person reads it: what triage said, whether the artifact still shows it, how far away it lies,
    and the ``smaller`` inputs that break the norm as well (empty where none are known).
    """

    finding: Finding
    label: TriageLabel
    open: bool
    distances: tuple[Measurement, ...] = ()
    smaller: tuple[Input, ...] = ()
