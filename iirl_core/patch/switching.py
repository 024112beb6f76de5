"""Repairs taken out of an artifact and put back: on record for ever, in effect or not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from iirl_core.errors import InputError
from iirl_core.patch.repairs import Repairs


def switched(repairs: Repairs, off: Collection[str] = (), on: Collection[str] = ()) -> Repairs:
    """All ``repairs`` in their order, those whose ids are in ``off`` disabled and those in ``on`` enabled. Kernels are
    summed before one clip, so their order changes no reward.

    Raises:
        InputError: there is no such repair, it is in both, or it is so already.
    """
    states = {one.id: one.enabled for one in repairs}
    if unknown := sorted({*off, *on} - set(states)):
        raise InputError(f"there is no patch {unknown[0]}", f"one of the artifact's {len(states)}", "iirl patch --list")
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
