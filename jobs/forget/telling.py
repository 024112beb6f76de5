"""What forgetting came to, for people and on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iirl_core.artifact import load_from
from iirl_core.canonical import Digest, JsonValue, canonical_json, folder_of
from iirl_core.config import Config
from iirl_core.log import entries
from iirl_core.patch.budget import BUDGET
from iirl_core.store.protocol import Store
from iirl_core.unlearning import Distance, Forgotten, Heard, Way, distance
from jobs.console import Progress
from jobs.forget.measuring import Witnesses
from jobs.lineage import manifest_of
from jobs.outcome import Outcome

OTHER = {Way.REFITTED.value: Way.SCRATCH.value, Way.SCRATCH.value: Way.REFITTED.value}


@dataclass(frozen=True)
class Apart:
    """How far the child is from ``other``, which forgot the same in the other way."""

    other: Digest
    distance: Distance


def apart_from(
    store: Store, config: Config, details: Mapping[str, str], asked: Witnesses, after: tuple[Heard, Heard]
) -> Apart | None:
    """From one that was retrained from scratch, or re-fitted; None where none was, or it is gone. ``details`` are what
    the log says of the child, ``after`` what it says of the witnesses ``asked``.
    """
    wanted = {**details, "way": OTHER.get(details["way"])}
    events = [entry.event for entry in entries(store) if entry.event.kind == "forget"]
    found = [event.subject for event in events if dict(event.details) == wanted]
    there = [one for one in found if store.exists(f"artifacts/{folder_of(one)}/manifest.json")]
    if not there or not asked.forgotten or not asked.never:
        return None
    (heard,) = asked.heard(load_from(store, there[-1], trust_remote_code=config.trusts_remote_code).model)
    return Apart(there[-1], distance(after, heard))


def keep(store: Store, folder: str, digest: Digest, forgotten: Forgotten, apart: Apart | None) -> None:
    """In the run's ``folder``, beside what it was made from."""
    told: JsonValue = None
    if apart is not None:
        told = {"other": apart.other, "forgotten": apart.distance.forgotten, "never": apart.distance.never}
    document: JsonValue = {"child": digest, **forgotten.document(), "distance": told}
    store.put(f"{folder}/forgotten-{digest[7:19]}.json", canonical_json(document))


def tell(
    store: Store,
    digest: Digest,
    forgotten: Forgotten,
    apart: Apart | None,
    progress: Progress,
) -> Outcome:
    """Print it, a line each."""
    found = forgotten.remains
    against = "the parent" if forgotten.against is None else forgotten.against[:19]
    progress.say(
        f"  of {forgotten.guarded} known-good inputs that are left {forgotten.overdrawn} lost more than {BUDGET:.0%} of"
        f" what {against} gave them; the worst keeps {forgotten.keeps:.1%}"
    )
    if forgotten.dropped:
        progress.say(f"  {forgotten.dropped} repairs act elsewhere now and were left out: audit and patch again")
    if found is None:
        progress.say("  what remains cannot be measured: no forgotten record was trained on, or none was held back")
        told = "what remains was not measured"
    else:
        progress.say(
            f"  {found.forgotten} forgotten records: mean reward {found.before.forgotten_reward:.3f} →"
            f" {found.after.forgotten_reward:.3f}; {found.never} never seen: {found.before.never_reward:.3f} →"
            f" {found.after.never_reward:.3f}"
        )
        progress.say(f"  told apart by the signal, AUROC: {found.before} → {found.after}; 0.5: by nobody")
        told = f"they can be told from never-seen ones with AUROC {found.after}, before with {found.before}"
    if apart is not None:
        gap = apart.distance
        progress.say(
            f"  rewards differ from those of {apart.other[:19]}, which forgot the same in the other way, by"
            f" {gap.forgotten:.4f} on the forgotten and {gap.never:.4f} on never-seen records"
        )
    manifest = manifest_of(store, digest)
    return Outcome(
        made=f"sealed {manifest.name} {manifest.version} as {digest[:19]}, without {forgotten.records} records"
        f" (weights {forgotten.way}): {told}",
        where=f"artifacts/{folder_of(digest)} in {store.url}",
        next="iirl audit CONFIG.yaml",
    )
