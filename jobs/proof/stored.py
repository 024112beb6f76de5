"""Digests of what is stored, whatever its size."""

from __future__ import annotations

from iirl_core.canonical import Digest, digest_chunks
from iirl_core.errors import ClusterError
from iirl_core.store import Store

CHUNK = 2**20
"""Bytes read at a time."""


def digest_of_stored(store: Store, key: str) -> Digest | None:
    """The digest of a stored file, read in constant memory; None where it is missing.

    Raises:
        ClusterError: the store cannot be read.
    """
    filesystem, root = store.filesystem()
    try:
        with filesystem.open_input_stream(f"{root}/{key}", compression=None) as stream:
            return digest_chunks(iter(lambda: stream.read(CHUNK), b""))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ClusterError(f"{key} in {store.url} cannot be read ({error})") from error
