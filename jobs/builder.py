"""What the builder says of an artifact that was sealed: a signed statement, and an entry in the log."""

from __future__ import annotations

from iirl_core.canonical import Digest
from iirl_core.log import Event, EventKind, append_once
from iirl_core.signing import SealPredicate, SigningKey, Subject, sign_statement, statements_of, store_statement
from iirl_core.store.protocol import Store
from jobs.lineage import manifest_of


def sign_sealed(
    store: Store, key: SigningKey, name: str, digest: Digest, *, kind: EventKind, details: tuple[tuple[str, str], ...]
) -> None:
    """Sign and log ``digest`` as what became ``name``; done before, nothing happens, and half done, the rest.

    Raises:
        NotFound, Tampered: there is no such artifact, or its manifest does not hold.
    """
    manifest = manifest_of(store, digest)
    said = SealPredicate(name, manifest.version, manifest.parent)
    statement = sign_statement(key, Subject(name, digest), said)
    if statement not in statements_of(store, digest, SealPredicate.kind):
        append_once(store, Event(kind, digest, name, key.id, details))
        store_statement(store, statement)  # last: where it lies, the log knows
