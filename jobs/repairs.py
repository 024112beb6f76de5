"""``iirl patch --list``, ``--revert ID``, ``--enable ID``, ``--reorder ID ID``: what was repaired, one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from cluster.session import Session
from iirl_core.artifact import load_from, seal_child
from iirl_core.canonical import folder_of
from iirl_core.config import Config
from iirl_core.log import EventKind
from iirl_core.patch import Patch, Repair, Repairs
from iirl_core.patch.repairs import enabled
from iirl_core.patch.switching import reordered, switched
from iirl_core.release import resolve
from iirl_core.signing import KeyRole, load_private_key
from jobs.builder import sign_sealed
from jobs.console import Progress
from jobs.outcome import Outcome
from jobs.patch.sealing import make_latest

COLUMNS = ["repair", "round", "effect", "where", "strength", "width", "for", "state"]


def listing(session: Session, config: Config, progress: Progress, reference: str | None = None) -> Outcome:
    """Every repair of an artifact (default: the latest), in order.

    Raises:
        NotFound, Tampered: there is no such artifact, or it does not hold.
    """
    digest = resolve(session.store, reference or config.name)
    repairs = load_from(session.store, digest, trust_remote_code=config.trusts_remote_code).model.repairs
    progress.table(f"repairs of {digest[:19]}", COLUMNS, [_line(one) for one in repairs])
    count = enabled(tuple(repairs))
    following = "iirl patch CONFIG.yaml --revert ID" if len(repairs) else ""
    return Outcome(f"{count} of {len(repairs)} repairs are enabled", digest, following)


def _line(one: Repair) -> list[str]:
    size = [f"{one.strength:.3g}", f"{one.width:.3g}"] if isinstance(one, Patch) else ["", ""]
    return [
        one.id,
        str(one.round),
        one.effect,
        one.where,
        *size,
        f"{len(one.findings)} findings of {', '.join(one.norms)}",
        "enabled" if one.enabled else "disabled",
    ]


def switch(
    session: Session,
    config: Config,
    progress: Progress,
    reference: str | None = None,
    *,
    revert: Sequence[str] = (),
    enable: Sequence[str] = (),
) -> Outcome:
    """Seal a child in which some repairs are out of effect, or back in it; it has to be audited before a release.

    Raises:
        InputError: there is no such repair, or it is so already.
        ArtifactError: the child breaks the known-good budget.
        ConfigError: the builder's key is missing.
    """
    details = (("reverted", " ".join(revert)), ("enabled", " ".join(enable)))
    return _sealed(
        session,
        config,
        progress,
        reference,
        change=lambda repairs: switched(repairs, revert, enable),
        kind="revert",
        details=tuple(pair for pair in details if pair[1]),
        did=" and ".join(_did(names, what) for names, what in ((revert, "reverted"), (enable, "enabled")) if names),
    )


def _did(names: Sequence[str], what: str) -> str:
    return f"{len(names)} repair{'' if len(names) == 1 else 's'} {what}"


def reorder(
    session: Session, config: Config, progress: Progress, reference: str | None = None, *, order: Sequence[str]
) -> Outcome:
    """Seal a child in which some repairs act in this order.

    Raises:
        InputError: there is no such repair, one is named twice, or the order is that already.
        ArtifactError, ConfigError: as ``switch``.
    """
    return _sealed(
        session,
        config,
        progress,
        reference,
        change=lambda repairs: reordered(repairs, order),
        kind="reorder",
        details=(("order", " ".join(order)),),
        did=f"{len(order)} repairs in another order",
    )


def _sealed(
    session: Session,
    config: Config,
    progress: Progress,
    reference: str | None,
    *,
    change: Callable[[Repairs], Repairs],
    kind: EventKind,
    details: tuple[tuple[str, str], ...],
    did: str,
) -> Outcome:
    """A child with changed repairs, signed, logged and pointed to."""
    store = session.store
    key = load_private_key(Path(config.keys), KeyRole.BUILDER)
    parent = load_from(store, resolve(store, reference or config.name), trust_remote_code=config.trusts_remote_code)
    with progress.task("sealing"):
        child = seal_child(store, parent, change(parent.model.repairs))
    sign_sealed(store, key, config.name, child, kind=kind, details=(("parent", parent.digest), *details))
    make_latest(store, config, child)
    return Outcome(
        made=f"sealed {child[:19]}: {parent.digest[:19]} with {did}",
        where=f"{store.url}/artifacts/{folder_of(child)}",
        next="iirl audit CONFIG.yaml",
    )
