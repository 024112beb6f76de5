"""Patches taken out of an artifact and put back: on record for ever, in effect or not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from iirl_core.errors import InputError
from iirl_core.patch.patch import Patch


def switched(patches: Sequence[Patch], off: Collection[str] = (), on: Collection[str] = ()) -> tuple[Patch, ...]:
    """All ``patches`` in their order, those whose ids are in ``off`` disabled and those in ``on`` enabled. Kernels are
    summed before one clip, so their order changes no reward.

    Raises:
        InputError: there is no such patch, it is in both, or it is so already.
    """
    states = {patch.id: patch.enabled for patch in patches}
    if unknown := sorted({*off, *on} - set(states)):
        raise InputError(f"there is no patch {unknown[0]}", f"one of the artifact's {len(states)}", "iirl patch --list")
    if both := sorted(set(off) & set(on)):
        raise InputError(f"{both[0]} to be reverted and enabled", "one of the two")
    for name in (*off, *on):
        if states[name] is (name in on):
            raise InputError(f"{name} is {'enabled' if name in on else 'disabled'} already")
    return tuple(replace(one, enabled=one.id in on or (one.enabled and one.id not in off)) for one in patches)
