"""Repairs: all that corrects a RewardModel beside its weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from iirl_core.patch.edit import WeightEdit
from iirl_core.patch.patch import Patch
from iirl_core.patch.projection import Projection
from iirl_core.patch.sculpt import Sculpt

Repair = Patch | Projection | Sculpt | WeightEdit
"""One correction as data: it has an id, cites its findings and norms, and is enabled or not."""


def enabled(repairs: Sequence[Repair]) -> int:
    """How many of them are in effect."""
    return sum(one.enabled for one in repairs)


@dataclass(frozen=True)
class Repairs:
    """In the order in which they act: ``projections`` on what the head sees, ``edits`` on its weights, ``sculpts`` on
    the map, ``patches`` on the reward.
    """

    patches: tuple[Patch, ...] = ()
    projections: tuple[Projection, ...] = ()
    sculpts: tuple[Sculpt, ...] = ()
    edits: tuple[WeightEdit, ...] = ()

    def __iter__(self) -> Iterator[Repair]:
        yield from self.projections
        yield from self.edits
        yield from self.sculpts
        yield from self.patches

    @property
    def ids(self) -> frozenset[str]:
        """Of all kinds. Each is a digest, made anew whenever it is asked for."""
        return frozenset(one.id for one in self)

    @property
    def everywhere(self) -> tuple[Repair, ...]:
        """Those that act wherever an input lies; the others act near their findings alone."""
        return (*self.projections, *self.edits, *(one for one in self.sculpts if one.ball is None))

    def with_patches(self, patches: Sequence[Patch]) -> Repairs:
        """The same with exactly these patches."""
        return replace(self, patches=tuple(patches))

    def joined(self, more: Repairs) -> Repairs:
        """These, then ``more``."""
        return Repairs(
            (*self.patches, *more.patches),
            (*self.projections, *more.projections),
            (*self.sculpts, *more.sculpts),
            (*self.edits, *more.edits),
        )

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __str__(self) -> str:
        counts = {
            "patches": len(self.patches),
            "projections": len(self.projections),
            "sculpts": len(self.sculpts),
            "edits": len(self.edits),
        }
        return counted(counts) or "nothing"


def counted(counts: Mapping[str, int]) -> str:
    """Kinds of repairs, by their plurals, as words: ``2 patches, 1 sculpt``; "" where there are none."""
    return ", ".join(f"{count} {kind if count > 1 else _one(kind)}" for kind, count in counts.items() if count)


def _one(kind: str) -> str:
    return "patch" if kind == "patches" else kind.removesuffix("s")
