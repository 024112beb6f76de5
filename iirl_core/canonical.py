"""Equal things have equal bytes: canonical JSON and digests.

Canonical JSON here is UTF-8, keys sorted, no white space, no NaN or infinity, and Python's shortest
round-trip form for floats. Digests are written ``sha256:<64 hex>`` wherever they are stored or shown.

Example:
    >>> canonical_json({"b": 1, "a": [1.5, None]})
    b'{"a":[1.5,null],"b":1}'
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import NewType

Digest = NewType("Digest", str)
"""``sha256:`` followed by 64 lower-case hexadecimal digits."""

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
"""What JSON can hold; for documents whose shape is checked where they are parsed."""


def canonical_json(value: object) -> bytes:
    """The one byte string that stands for ``value``.

    Raises:
        ValueError: ``value`` holds NaN, an infinity or something JSON cannot say.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def digest_bytes(data: bytes | memoryview) -> Digest:
    """The digest of a byte string."""
    return Digest("sha256:" + hashlib.sha256(data).hexdigest())


def digest_chunks(chunks: Iterable[bytes]) -> Digest:
    """The digest of the concatenation of ``chunks``, in constant memory."""
    state = hashlib.sha256()
    for chunk in chunks:
        state.update(chunk)
    return Digest("sha256:" + state.hexdigest())


def digest_json(value: object) -> Digest:
    """The digest of ``value``'s canonical JSON."""
    return digest_bytes(canonical_json(value))


def folder_of(digest: Digest) -> str:
    """The digest as a folder or file name: ``sha256-<64 hex>``."""
    return digest.replace(":", "-")
