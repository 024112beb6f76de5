"""Keys: ECDSA on P-256, one file per role. The builder seals, the auditor signs audits, a reviewer labels findings, the
approver signs releases. A reviewer is a person: everybody who labels has a key of his own.

A key's id is the SHA-256 of its public half (SubjectPublicKeyInfo, DER), in hexadecimal.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from iirl_core.errors import ConfigError


class KeyRole(StrEnum):
    """Who a key speaks for."""

    BUILDER = "builder"
    AUDITOR = "auditor"
    REVIEWER = "reviewer"
    APPROVER = "approver"


@dataclass(frozen=True, eq=False)
class SigningKey:
    """A private key in memory. It signs deterministically (RFC 6979): equal statements have equal envelopes."""

    role: KeyRole
    private: ec.EllipticCurvePrivateKey

    @property
    def id(self) -> str:
        """64 hexadecimal digits."""
        return key_id(self.public_der)

    @property
    def public_der(self) -> bytes:
        """The public half as SubjectPublicKeyInfo, DER."""
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data: bytes) -> bytes:
        """The DER-encoded ECDSA signature over SHA-256 of ``data``."""
        return self.private.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


def key_id(public_der: bytes) -> str:
    """SHA-256 of a public key's SubjectPublicKeyInfo."""
    return hashlib.sha256(public_der).hexdigest()


def generate_key(folder: Path, role: KeyRole) -> SigningKey:
    """Make ``folder/ROLE.key`` (PKCS#8 PEM, mode 0600) and ``folder/ROLE.pub`` (PEM) beside it.

    Raises:
        ConfigError: either exists already (nothing is overwritten), or the folder cannot be written.
    """
    key = SigningKey(role, ec.generate_private_key(ec.SECP256R1()))
    secret = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # The public half first: a killed command leaves no private key that nobody could be told to trust.
        _write_new(folder / f"{role}.pub", public, 0o644)
        _write_new(folder / f"{role}.key", secret, 0o600)
    except FileExistsError as error:
        raise ConfigError(
            f"{error.filename} exists already", todo="Keep it, or move it away before making a new key"
        ) from error
    except OSError as error:
        raise ConfigError(f"keys cannot be written to {folder} ({error.strerror})") from error
    return key


def load_private_key(folder: Path, role: KeyRole) -> SigningKey:
    """Read ``folder/ROLE.key``.

    Raises:
        ConfigError: it is missing, is not an unencrypted P-256 key, or others than its owner may read or write it.
    """
    path = folder / f"{role}.key"
    try:
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            raise ConfigError(
                f"{path} has mode {mode:04o}", "a private key that its owner alone can read", f"Run: chmod 600 {path}"
            )
        private = load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no {role} key at {path}", todo=f"Make one with: iirl key new {role} --keys {folder}"
        ) from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"{path} is not a private key", "an unencrypted PEM") from error
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise ConfigError(
            f"{path} is of another kind", "ECDSA on P-256", f"Make one with: iirl key new {role} --keys {folder}"
        )
    return SigningKey(role, private)


def _write_new(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        os.fchmod(descriptor, mode)  # whatever the umask takes away
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
