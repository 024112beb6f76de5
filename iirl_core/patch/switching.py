"""Repairs taken out of an artifact and put back, on record for ever, in effect or not; and in another order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from iirl_core.errors import InputError
from iirl_core.patch.repairs import Repair, Repairs

R = TypeVar("R", bound=Repair)


def switched(repairs: Repairs, off: Collection[str] = (), on: Collection[str] = ()) -> Repairs:
    """All ``repairs`` in their order, those whose ids are in ``off`` disabled and those in ``on`` enabled. Kernels are
    summed before one clip, so their order changes no reward.

    Raises:
        InputError: there is no such repair, it is in both, or it is so already.
    """
    states = {one.id: one.enabled for one in repairs}
    _check_known(repairs, {*off, *on})
    if both := sorted(set(off) & set(on)):
        raise InputError(f"{both[0]} to be reverted and enabled", "one of the two")
    for name in (*off, *on):
        if states[name] is (name in on):
            raise InputError(f"{name} is {'enabled' if name in on else 'disabled'} already")

    def stands(name: str, enabled: bool) -> bool:
        return name in on or (enabled and name not in off)

    return Repairs(
        tuple(replace(one, enabled=stands(one.id, one.enabled)) for one in repairs.patches),
        tuple(replace(one, enabled=stands(one.id, one.enabled)) for one in repairs.projections),
        tuple(replace(one, enabled=stands(one.id, one.enabled)) for one in repairs.sculpts),
        tuple(replace(one, enabled=stands(one.id, one.enabled)) for one in repairs.edits),
    )


def reordered(repairs: Repairs, order: Sequence[str]) -> Repairs:
    """``repairs``, of which those with the ids in ``order`` act in that order: they take the places among those of
    their kind that they have together, all others stay where they are. Kinds follow each other as ``Repairs`` says.

    Raises:
        InputError: there is no such repair, one is named twice, or the order is that already.
    """
    _check_known(repairs, order)
    if len(set(order)) < len(order):
        raise InputError(f"{len(order)} repairs to be reordered, of which one is named twice", "each once")
    rank = {name: place for place, name in enumerate(order)}
    made = Repairs(
        _ranked(repairs.patches, rank),
        _ranked(repairs.projections, rank),
        _ranked(repairs.sculpts, rank),
        _ranked(repairs.edits, rank),
    )
    if made == repairs:
        raise InputError("these repairs act in that order already", "two of one kind, the other way round")
    return made


def _ranked(some: tuple[R, ...], rank: Mapping[str, int]) -> tuple[R, ...]:
    named = iter(sorted((one for one in some if one.id in rank), key=lambda one: rank[one.id]))
    return tuple(next(named) if one.id in rank else one for one in some)


def _check_known(repairs: Repairs, names: Collection[str]) -> None:
    if unknown := sorted(set(names) - repairs.ids):
        expected = f"one of the artifact's {len(repairs)}"
        raise InputError(f"there is no repair {unknown[0]}", expected, "iirl patch CONFIG.yaml --list")
