"""From what a person writes (``NAME``, ``NAME@CHANNEL``, ``sha256:…``) to a digest."""

from __future__ import annotations

import re

from iirl_core.canonical import Digest, folder_of
from iirl_core.errors import InputError, NotFound, Tampered
from iirl_core.release.release import NAME, channel_key, released_digest
from iirl_core.signing import is_digest
from iirl_core.store.pointer import read_pointer
from iirl_core.store.protocol import Store

_PREFIX = re.compile(r"sha256[:-][0-9a-f]{8,64}")
MANIFEST = "manifest.json"


def resolve(store: Store, reference: str) -> Digest:
    """The digest that ``reference`` means now. Nothing is verified: who needs that asks `read_channel` too.

    ``NAME`` is the artifact that was last made under that name, ``NAME@CHANNEL`` the released one, ``sha256:…`` a
    digest or the beginning of one, at least 8 digits long.

    Raises:
        InputError: it is none of these, or the beginning of several digests.
        NotFound: nothing is stored under it.
    """
    if reference.startswith(("sha256:", "sha256-")):
        return _by_digest(store, reference)
    name, at, channel = reference.partition("@")
    if at:
        return _by_channel(store, name, channel)
    if not NAME.fullmatch(name):
        raise InputError(f"reference {reference!r}", "NAME, NAME@CHANNEL or sha256:… with at least 8 digits")
    latest = read_pointer(store, f"runs/{name}/latest")
    if latest is None:
        raise NotFound(f"there is no artifact of {name} in {store.url}", todo="Train one with: iirl train CONFIG.yaml")
    if not is_digest(latest):
        raise Tampered(f"runs/{name}/latest holds {latest[:80]!r}", "a digest")
    return Digest(latest)


def _by_channel(store: Store, name: str, channel: str) -> Digest:
    try:
        data = store.get(channel_key(name, channel))
    except NotFound as error:
        raise NotFound(
            f"{name}@{channel} was never released in {store.url}", todo="Release it with: iirl release CONFIG.yaml"
        ) from error
    return released_digest(data)


def _by_digest(store: Store, reference: str) -> Digest:
    if not _PREFIX.fullmatch(reference):
        raise InputError(f"reference {reference!r}", "sha256: and 8 to 64 hexadecimal digits")
    found: set[str] = set()
    for key in store.list(f"artifacts/{folder_of(Digest(reference))}"):
        folder, _, rest = key.removeprefix("artifacts/").partition("/")
        if rest == MANIFEST:
            found.add(folder)
    if not found:
        raise NotFound(f"there is no artifact {reference} in {store.url}")
    if len(found) > 1:
        raise InputError(f"{reference} begins {len(found)} digests", todo="Write more digits")
    return Digest(found.pop().replace("-", ":"))
