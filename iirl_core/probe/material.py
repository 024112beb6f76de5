"""Material: what probes are made from. Frozen, and small enough to send to every scorer once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KDTree

from iirl_core.config.rows import RowKind
from iirl_core.demonstration import Conversation, Input, Message, Trajectory
from iirl_core.encoder.rows import rows_of
from iirl_core.errors import InputError
from iirl_core.norm.region import Bounds, Region
from iirl_core.optimiser.training import Training
from iirl_core.policy.writing import Writing
from iirl_core.probe.answer_reward import AnswerReward
from iirl_core.probe.point_reward import PointReward
from iirl_core.probe.probe import Probe
from iirl_core.probe.situations import Situations


@dataclass(frozen=True, eq=False)
class Material:
    """``demonstrations`` to perturb (a bounded sample), ``corpus`` the inputs of probe corpora, ``former`` the probes
    of former findings, ``pairs`` those of norms' comparisons, ``observed`` those of what a deployed reward was
    unsure of; ``training`` is how policies are trained, ``writing`` the language model that answers, for the families
    that ask them. For trajectories also ``rows`` and ``window``, which say what a *point* holds, as they do of the
    encoder's rows, the box ``low … high [P]`` in which points are asked about, and the ``regions`` of states that norms
    speak of. ``reward`` lets a family search; it is put in where probes are made (``audit_chunk``), so that the
    material travels without the model. ``sources`` are those of the demonstrations,
    ``corpus_sources`` those of the corpus: one each, or none where nobody knows. ``situations`` are what an audit
    counts by; ``placed`` are those of every demonstration's steps (of a conversation, its own alone), where they are
    known.
    """

    demonstrations: tuple[Input, ...]
    corpus: tuple[Input, ...] = ()
    former: tuple[Probe, ...] = ()
    rows: RowKind = "states"
    window: int = 1
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    regions: tuple[Region | Bounds, ...] = ()
    reward: PointReward | AnswerReward | None = None
    sources: tuple[str, ...] = ()
    corpus_sources: tuple[str, ...] = ()
    pairs: tuple[Probe, ...] = ()
    observed: tuple[Probe, ...] = ()
    training: Training | None = None
    writing: Writing | None = None
    situations: Situations | None = None
    placed: tuple[NDArray[np.int64], ...] = ()

    def __post_init__(self) -> None:
        for sources, records in ((self.sources, self.demonstrations), (self.corpus_sources, self.corpus)):
            if sources and len(sources) != len(records):
                raise InputError(f"{len(sources)} sources for {len(records)} records", "one each")

    def source_of(self, probe: Probe) -> str:
        """That of the record that ``probe`` was made from: it holds the record itself, or its prompt. "" where no
        record is known by it, or records of several sources.
        """
        first = probe.inputs[0]
        if probe.source or not isinstance(first, Conversation):
            return probe.source
        return self.known.get(first) or self.known.get(first.context, "")

    @cached_property
    def known(self) -> dict[Conversation | tuple[Message, ...], str]:
        """The source of every record of known source, and of every prompt that stands in records of one source."""
        known: dict[Conversation | tuple[Message, ...], str] = {}
        records = ((self.demonstrations, self.sources), (self.corpus, self.corpus_sources))
        for item, source in (pair for items, sources in records for pair in zip(items, sources, strict=False)):
            if isinstance(item, Conversation):
                for key in (item, item.context):
                    known[key] = source if known.get(key, source) == source else ""
        return known

    @cached_property
    def conversations(self) -> tuple[Conversation, ...]:
        """The demonstrations, all of them conversations.

        Raises:
            InputError: there is none, or one is a trajectory.
        """
        found = tuple(item for item in self.demonstrations if isinstance(item, Conversation))
        if not found or len(found) != len(self.demonstrations):
            raise InputError("a family that asks about conversations", "demonstrations that are conversations")
        return found

    @cached_property
    def trajectories(self) -> tuple[Trajectory, ...]:
        """The demonstrations, all of them trajectories.

        Raises:
            InputError: there is none, or one is a conversation.
        """
        found = tuple(item for item in self.demonstrations if isinstance(item, Trajectory))
        if not found or len(found) != len(self.demonstrations):
            raise InputError("a family that asks about trajectories", "demonstrations that are trajectories")
        return found

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """``[N, P]``: every step of the demonstrations, as the encoder reads it."""
        return np.concatenate([rows_of(item, self.rows, self.window) for item in self.trajectories]).astype(np.float64)

    @cached_property
    def starts(self) -> NDArray[np.float64]:
        """``[S, P]``: the points among ``points`` that families set out from."""
        return self.points

    @cached_property
    def scale(self) -> NDArray[np.float64]:
        """``[P]``: the demonstrations' deviation in each dimension (1 where they do not vary)."""
        deviation = self.points.std(axis=0)
        return np.where(deviation > 0, deviation, 1.0)

    @cached_property
    def tree(self) -> KDTree:
        """The demonstrations' points in units of ``scale``, for nearest neighbours."""
        return KDTree(self.points / self.scale)

    @cached_property
    def box(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """``low, high [P]``; the demonstrations' own box where none was given."""
        if self.low is not None and self.high is not None:
            return self.low, self.high
        return self.points.min(axis=0), self.points.max(axis=0)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """All that probes are made from: demonstrations, the corpus, and what broke norms before."""
        return (*self.demonstrations, *self.corpus, *(probe.inputs[-1] for probe in self.former))

    def within(self, situation: int) -> Material:
        """Made from the demonstrations of one situation alone, as far as they are ``placed``; distances and the box
        stay those of all of them.

        Raises:
            InputError: there is none of them.
        """
        inside = [index for index, numbers in enumerate(self.placed) if (numbers == situation).any()]
        if not inside:
            raise InputError(f"situation {situation} without demonstrations", "one that some were placed in")
        sources = tuple(self.sources[index] for index in inside) if self.sources else ()
        some = replace(self, demonstrations=tuple(self.demonstrations[index] for index in inside), sources=sources)
        if isinstance(some.demonstrations[0], Trajectory):
            rows = np.concatenate([self.placed[index] == situation for index in inside])
            some.__dict__["starts"] = some.points[rows]
            for name in ("points", "scale", "tree", "box"):
                some.__dict__[name] = getattr(self, name)
        return some

    def searched_by(self, reward: PointReward | AnswerReward) -> Material:
        """The same material with a reward to search. What is computed from demonstrations is computed once, here, and
        not for every chunk.
        """
        searched = replace(self, reward=reward)
        points = ("trajectories", "points", "starts", "scale", "tree", "box")
        for name in points if isinstance(reward, PointReward) else ("known",):
            searched.__dict__[name] = getattr(self, name)
        return searched

    @property
    def observations(self) -> int:
        """Observation dimensions."""
        return int(self.trajectories[0].observations.shape[1])
