"""A store from its URL: a folder, or a prefix in an S3 bucket."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from iirl_core.errors import ConfigError
from iirl_core.store import DirectoryStore, Store

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_EXPECTED = "a folder, or s3://bucket/prefix (with ?endpoint=http://host:port for a server other than Amazon's)"


def open_store(url: str) -> Store:
    """The store at ``url``; nothing is read or made yet.

    Raises:
        ConfigError: ``url`` is of another scheme, or names no bucket.
    """
    if "://" not in url:
        return DirectoryStore(Path(url))
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return DirectoryStore(Path(unquote(parts.path)))
    options = dict(parse_qsl(parts.query))
    if parts.scheme != "s3" or set(options) - {"endpoint"}:
        raise ConfigError(f"store {url}", _EXPECTED)
    if not _BUCKET.fullmatch(parts.netloc):
        raise ConfigError(f"store {url} names no bucket", _EXPECTED)
    from cluster.s3 import S3Store  # boto3 takes half a second that a folder need not pay
    from cluster.s3_client import default_endpoint

    return S3Store(parts.netloc, unquote(parts.path).strip("/"), options.get("endpoint") or default_endpoint())
