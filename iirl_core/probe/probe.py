"""A Probe: one question that the red team asks."""

from __future__ import annotations

from dataclasses import dataclass

from iirl_core.demonstration import Input
from iirl_core.errors import InputError


@dataclass(frozen=True)
class ChunkSeed:
    """What makes a chunk of probes again, anywhere: the audited digest, the round, the family and the chunk's number;
    ``situation`` is that of the demonstrations that it is made from (None: any).

    ``entropy`` derives a numpy seed from all of them, so that the number of workers changes nothing.
    """

    digest: str
    round: int
    family: str
    chunk: int
    seed: int = 0
    situation: int | None = None

    def entropy(self) -> list[int]:
        """For ``numpy.random.default_rng``."""
        steered = "" if self.situation is None else f"/{self.situation}"
        return list(f"{self.digest}/{self.round}/{self.family}/{self.chunk}/{self.seed}{steered}".encode())

    def label(self, index: int) -> str:
        """Names one probe of the chunk: ``FAMILY/ROUND.CHUNK.INDEX``."""
        return f"{self.family}/{self.round}.{self.chunk}.{index}"


@dataclass(frozen=True)
class Probe:
    """``inputs`` is one input, or an original and its edit; ``family`` made it; ``label`` names it for reproduction.

    ``note`` says in a few words what was done ("bulleted list", "σ = 0.3").
    ``norm`` asks about that norm alone (a former finding, asked again); None: about all that name the family.
    ``source`` is that of the record it was made from; "" where nobody knows.
    """

    inputs: tuple[Input, ...]
    family: str
    label: str
    note: str
    norm: str | None = None
    source: str = ""

    @property
    def origin(self) -> str:
        """The family that first asked it: another than ``family``, where a former finding is asked again."""
        return self.label.partition("/")[0]

    def __post_init__(self) -> None:
        if len(self.inputs) not in (1, 2):
            raise InputError(f"probe {self.label} with {len(self.inputs)} inputs", "one, or an original and its edit")
