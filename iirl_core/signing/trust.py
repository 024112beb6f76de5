"""Whom to believe: public keys by role. What a server trusts comes from its own files, never from the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from iirl_core.errors import ConfigError
from iirl_core.signing.keys import KeyRole, SigningKey, key_id


@dataclass(frozen=True)
class TrustedKey:
    """A public key (SubjectPublicKeyInfo, DER) and the role it is believed in; ``source`` is the file it came from."""

    role: KeyRole
    der: bytes
    source: str

    @property
    def id(self) -> str:
        """64 hexadecimal digits."""
        return key_id(self.der)

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether this key made the DER-encoded ECDSA ``signature`` over ``data``."""
        public = load_der_public_key(self.der)
        if not isinstance(public, ec.EllipticCurvePublicKey):
            return False
        try:
            public.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Trust:
    """The trusted keys. A role may have several, and a key several roles; but who audits never speaks as a person.

    Raises:
        ConfigError: a key is both an auditor's and a reviewer's.
    """

    keys: tuple[TrustedKey, ...]

    def __post_init__(self) -> None:
        auditors = {key.id for key in self.keys if key.role is KeyRole.AUDITOR}
        for key in self.keys:
            if key.role is KeyRole.REVIEWER and key.id in auditors:
                raise ConfigError(f"{key.source} is an auditor's key, too", "a key that only a person has")

    @staticmethod
    def from_folder(folder: Path) -> Trust:
        """All ``*.pub`` of a folder, each named ``ROLE.pub`` or ``ROLE-ANYTHING.pub``.

        Raises:
            ConfigError: there is none, or as `from_files`.
        """
        files = sorted(folder.glob("*.pub"))
        if not files:
            raise ConfigError(
                f"there are no public keys (*.pub) in {folder}", todo="Make them with: iirl key new builder (and so on)"
            )
        return Trust.from_files(files)

    @staticmethod
    def from_files(files: Iterable[Path]) -> Trust:
        """Explicit files, each named ``ROLE.pub`` or ``ROLE-ANYTHING.pub``.

        Raises:
            ConfigError: a file is missing, is not a public P-256 key, or its name says no role.
        """
        return Trust(tuple(_read(file) for file in files))

    @staticmethod
    def of(*keys: SigningKey) -> Trust:
        """The public halves of private keys that are at hand."""
        return Trust(tuple(TrustedKey(key.role, key.public_der, "memory") for key in keys))

    def find(self, keyid: str) -> tuple[TrustedKey, ...]:
        """The entries of one key: one per role it has, none where it is unknown."""
        return tuple(key for key in self.keys if key.id == keyid)


def _read(file: Path) -> TrustedKey:
    role = file.stem.partition("-")[0]
    if role not in set(KeyRole):
        raise ConfigError(f"{file} says no role", f"a name that begins with {', '.join(KeyRole)}")
    try:
        public = load_pem_public_key(file.read_bytes())
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror})") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"{file} is not a public key", "PEM") from error
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        raise ConfigError(f"{file} is of another kind", "ECDSA on P-256")
    return TrustedKey(KeyRole(role), public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), str(file))
