"""How far forgotten records reach into an artifact, and so what of it is made anew and what stays. Pure.

part                                      is made of                              made anew, without them
standardiser of trajectories              demonstrations of train                 exactly
whitening, spreads, support, known-good   demonstrations of train                 exactly
map, scale of the support                 demonstrations of guard, and contrast   exactly
guard set                                 demonstrations of guard                 exactly; its rewards are the root's
head; encoder where it is trained         the rows of train                       re-fitted, or from scratch
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from iirl_core.demonstration import Split
from iirl_core.patch.repairs import Repair, Repairs


class Way(StrEnum):
    """How the weights of an artifact came to know nothing of forgotten records; all but one are exact."""

    KEPT = "kept"
    """They never learnt from them, and stay as they are."""
    COMPUTED = "computed anew"
    """A closed form, from the records that are left."""
    REFITTED = "re-fitted"
    """Steps on the records that are left, from the weights that knew the others: an approximation."""
    SCRATCH = "from scratch"
    """Fresh weights, trained on the records that are left."""

    @property
    def exact(self) -> bool:
        """Whether nothing of the weights depends on what was forgotten."""
        return self is not Way.REFITTED


@dataclass(frozen=True)
class Reach:
    """Whether the weights learnt from what is forgotten (``weights``), and whether demonstrations of the train split
    are among it (``places``: where things lie is measured on them), or of the guard split (``guard``: what weight edits
    were fitted to keep).
    """

    weights: bool
    places: bool
    guard: bool = False


def reach_of(dropped: Iterable[tuple[str, Mapping[Split, int]]], *, learns_negatives: bool) -> Reach:
    """``dropped`` are, for each corpus, whether it plays ``demonstrations`` or ``negatives``, and how many of its
    records are forgotten, by split.
    """
    dropped = list(dropped)
    trained = {play for play, splits in dropped if splits.get("train", 0)}
    places = "demonstrations" in trained
    guard = any(play == "demonstrations" and splits.get("guard", 0) for play, splits in dropped)
    return Reach(places or (learns_negatives and "negatives" in trained), places, guard)


def way_of(reach: Reach, *, one_pass: bool, from_scratch: bool) -> Way:
    """``one_pass``: the family has a closed form."""
    if not reach.weights and not from_scratch:
        return Way.KEPT
    if one_pass:
        return Way.COMPUTED
    return Way.SCRATCH if from_scratch else Way.REFITTED


def kept_repairs(
    repairs: Repairs, *, rows: bool, weights: bool, places: bool, shown: bool
) -> tuple[Repairs, tuple[Repair, ...]]:
    """The repairs that act on a child as they did on its parent, and the others. ``rows``: the same input has the same
    row z as before; ``weights``: the head is the same; ``places``: a row has the same coordinates in every space;
    ``shown``: no demonstration of the train or guard split is forgotten.

    A kernel acts at places, a removed direction on rows, an edit on weights, a sculpted map on signals, and in a region
    at places, too. An edit is itself fitted to demonstrations: it goes with any of them.
    """
    kept = Repairs(
        repairs.patches if rows and places else (),
        repairs.projections if rows else (),
        tuple(one for one in repairs.sculpts if rows and weights and (places or one.ball is None)),
        repairs.edits if rows and weights and shown else (),
    )
    names = kept.ids
    return kept, tuple(one for one in repairs if one.id not in names)
