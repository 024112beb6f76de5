"""Keys and prefixes: what may name bytes in a store."""

from __future__ import annotations

from iirl_core.errors import InputError

STAGING = "staging"
"""The first part of every key that ``list`` never shows: trees being built, temporary files, locks."""


def check_key(key: str) -> str:
    """``key`` itself, where it is a relative path of plain parts.

    Raises:
        InputError: it is empty or absolute, or has an empty part, ``.``, ``..``, a backslash or a control character.
    """
    parts = key.split("/")
    if any(part in ("", ".", "..") for part in parts) or "\\" in key or any(ord(letter) < 32 for letter in key):
        raise InputError(f"store key {key!r}", "a relative path such as artifacts/DIGEST/manifest.json")
    return key


def check_prefix(prefix: str) -> str:
    """``prefix`` itself: empty, a key, a key and a slash, or the beginning of a key.

    Raises:
        InputError: as `check_key`.
    """
    if prefix:
        check_key(prefix.removesuffix("/"))
    return prefix


def is_staged(key: str) -> bool:
    """Whether ``list`` hides ``key``."""
    return key == STAGING or key.startswith(STAGING + "/")
