"""The entries of a Manifest: files, corpora, numbers of calibration, the guard set, golden readings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from iirl_core.canonical import Digest, JsonValue
from iirl_core.errors import ArtifactError


@dataclass(frozen=True, order=True)
class FileEntry:
    """One file of the artifact; ``path`` is relative to its folder.

    Raises:
        ArtifactError: the path leaves the folder.
    """

    path: str
    digest: Digest
    size: int

    def __post_init__(self) -> None:
        parts = PurePosixPath(self.path).parts
        if not parts or self.path.startswith("/") or ".." in parts or "\\" in self.path:
            raise ArtifactError(f"file path {self.path!r} in a manifest", "a path inside the artifact")


@dataclass(frozen=True)
class CorpusEntry:
    """A corpus that training read, by digest; ``role`` is its own (``corpora[].role``)."""

    name: str
    role: str
    digest: Digest


@dataclass(frozen=True)
class Calibration:
    """The numbers that turn signals and distances into calibrated ones.

    ``mapping`` is m_ψ; ``support_scale`` the distance at which the support part of the uncertainty is ½; ``latent``,
    ``residual`` (one per expert) and ``input`` are the spreads by which patch spaces are scaled.
    """

    mapping: dict[str, str | float]
    support_scale: float
    latent: tuple[float, ...]
    residual: tuple[float, ...]
    input: float


@dataclass(frozen=True)
class GuardEntry:
    """The guard set: the digest of its file, how many held-out rows and how many known-good training rows."""

    digest: Digest
    rows: int
    known_good: int


@dataclass(frozen=True)
class Golden:
    """A synthetic input (a record as ``parse_record`` takes it) and what the model said of it."""

    input: dict[str, JsonValue]
    signal: float
    reward: float
    uncertainty: float
