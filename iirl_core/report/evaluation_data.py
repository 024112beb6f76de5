"""What the page of an evaluation shows, and nothing else: whoever evaluates fills these, the page lays them out."""

from __future__ import annotations

from dataclasses import dataclass

from iirl_core.canonical import Digest
from iirl_core.evaluation.calibration import Reliability
from iirl_core.evaluation.evaluation import SuiteFacts
from iirl_core.evaluation.frozen import Floats
from iirl_core.evaluation.judge import PolicyMeans
from iirl_core.report.figure_data import Distribution, EvaluationFigure


@dataclass(frozen=True)
class Curve:
    """One line over N: ``points`` are N, value and the ends of its 95% interval (None: no interval is drawn)."""

    label: str
    baseline: bool
    points: tuple[tuple[int, float, float | None, float | None], ...]


@dataclass(frozen=True)
class Panel:
    """Curves that share their axes; ``title`` says what is drawn over N."""

    title: str
    curves: tuple[Curve, ...]


@dataclass(frozen=True, eq=False)
class Diagram:
    """A reliability diagram against one contrast, and its calibration error."""

    contrast: str
    reliability: Reliability
    error: float


@dataclass(frozen=True, eq=False)
class Rollouts:
    """True returns ``[N]`` of rollouts, and the mean rewards of their steps ``[N]``."""

    returns: Floats
    rewards: Floats


@dataclass(frozen=True, eq=False)
class Chapter:
    """The unseen splits (``facts`` None), or one suite of files. ``figures`` have their baselines beside them; of the
    pictures those are drawn for which there is something. ``seen`` names policies that the reward learnt from.
    ``left_out`` says of each corpus how many of the records that were read were not scored, because their prompts were
    trained on, and how many were read; it is empty where there are no prompts. ``corpora_gone``: there may be more.
    """

    title: str
    note: str
    facts: SuiteFacts | None
    figures: tuple[EvaluationFigure, ...]
    distributions: tuple[Distribution, ...] = ()
    diagrams: tuple[Diagram, ...] = ()
    panels: tuple[Panel, ...] = ()
    policies: tuple[PolicyMeans, ...] = ()
    rollouts: Rollouts | None = None
    seen: tuple[str, ...] = ()
    left_out: tuple[tuple[str, int, int], ...] = ()
    corpora_gone: bool = False


@dataclass(frozen=True, eq=False)
class EvaluationData:
    """Everything on the page: the artifact, what its unseen splits held (``counts``: by corpus, read and there), what a
    reader must not overlook, and the chapters.
    """

    name: str
    version: str
    digest: Digest
    root: Digest
    bootstrap: int
    counts: tuple[tuple[str, int, int], ...]
    warnings: tuple[str, ...]
    chapters: tuple[Chapter, ...]
