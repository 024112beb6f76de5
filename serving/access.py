"""Who may ask: one shared token, sent as Bearer, as the password of Basic, or as ``?api_key=``.

OpenRLHF and slime can send no header of their own, only a URL: its userinfo (``http://rm:TOKEN@host/get_reward``)
arrives as Basic. Every comparison takes the same time wherever the first difference lies.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
from pathlib import Path

from iirl_core.errors import ConfigError


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name: nobody promises what it will resolve to


def read_token(path: Path) -> str:
    """The first line of ``path``.

    Raises:
        ConfigError: there is no such file, or its first line is blank.
    """
    try:
        token = path.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"serve.token_file {path} cannot be read ({error.__class__.__name__})") from error
    if not token:
        raise ConfigError(f"serve.token_file {path} starts with a blank line", "the token on its first line")
    return token


def lock_for(host: str, token_file: str | None) -> bytes | None:
    """The digest of the token that callers must send; None where everybody on this machine may ask. The token itself
    stays in its file: what travels to replicas cannot be sent in its place.

    Raises:
        ConfigError: the token file cannot be used, or others can reach ``host`` and there is no token.
    """
    if token_file is not None:
        return digest_token(read_token(Path(token_file).expanduser()))
    if not is_loopback(host):
        raise ConfigError(
            f"serve.host {host} can be reached from other machines and there is no token",
            "serve.token_file, or a loopback address such as 127.0.0.1",
            "Make one with: openssl rand -hex 32 > token; chmod 600 token",
        )
    return None


def sent_token(authorization: str | None, api_key: str | None) -> str | None:
    """The token in a request's ``Authorization`` header, or in its query; None where there is none."""
    scheme, _, credentials = (authorization or "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(credentials.strip(), validate=True).decode("utf-8").partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return None
    return api_key


def may_ask(lock: bytes | None, authorization: str | None, api_key: str | None) -> bool:
    """Whether a request that carries these may be answered under ``lock`` (None: anybody may)."""
    if lock is None:
        return True
    sent = sent_token(authorization, api_key)
    # Digests of equal length: neither the token's length nor its prefix leaks through the time taken.
    return sent is not None and hmac.compare_digest(digest_token(sent), lock)


def digest_token(token: str) -> bytes:
    """What is compared: the token's SHA-256."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
