from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from iirl_core.errors import ConfigError
from iirl_core.signing import KeyRole, Trust, generate_key, load_private_key


def test_a_new_key_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o277)
    try:
        generate_key(tmp_path, KeyRole.BUILDER)
    finally:
        os.umask(before)
    assert (tmp_path / "builder.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "builder.pub").stat().st_mode & 0o777 == 0o644


def test_a_key_that_was_made_is_the_key_that_is_loaded_and_trusted(tmp_path: Path) -> None:
    made = generate_key(tmp_path / "new" / "keys", KeyRole.AUDITOR)
    loaded = load_private_key(tmp_path / "new" / "keys", KeyRole.AUDITOR)
    assert loaded.id == made.id
    (trusted,) = Trust.from_folder(tmp_path / "new" / "keys").keys
    assert (trusted.id, trusted.role) == (made.id, KeyRole.AUDITOR)


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    generate_key(tmp_path, KeyRole.BUILDER)
    before = (tmp_path / "builder.key").read_bytes(), (tmp_path / "builder.pub").read_bytes()
    with pytest.raises(ConfigError, match="exists already"):
        generate_key(tmp_path, KeyRole.BUILDER)
    assert before == ((tmp_path / "builder.key").read_bytes(), (tmp_path / "builder.pub").read_bytes())


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o660])
def test_a_private_key_that_others_can_touch_is_refused_with_the_command_that_mends_it(
    tmp_path: Path, mode: int
) -> None:
    generate_key(tmp_path, KeyRole.APPROVER)
    (tmp_path / "approver.key").chmod(mode)
    with pytest.raises(ConfigError, match=r"chmod 600 .*approver\.key"):
        load_private_key(tmp_path, KeyRole.APPROVER)


def test_a_missing_key_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"iirl key new builder --keys {tmp_path}"):
        load_private_key(tmp_path, KeyRole.BUILDER)


@pytest.mark.parametrize(
    ("private", "message"),
    [
        (ec.generate_private_key(ec.SECP384R1()), "another kind"),
        (ed25519.Ed25519PrivateKey.generate(), "another kind"),
        (None, "not a private key"),
    ],
)
def test_keys_of_another_kind_are_refused(tmp_path: Path, private: object, message: str) -> None:
    pem = b"not a key"
    if isinstance(private, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "builder.key").write_bytes(pem)
    (tmp_path / "builder.key").chmod(0o600)
    with pytest.raises(ConfigError, match=message):
        load_private_key(tmp_path, KeyRole.BUILDER)


def test_an_encrypted_key_is_refused(tmp_path: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    (tmp_path / "builder.key").write_bytes(pem)
    (tmp_path / "builder.key").chmod(0o600)
    with pytest.raises(ConfigError, match="unencrypted"):
        load_private_key(tmp_path, KeyRole.BUILDER)


def test_signatures_are_deterministic_and_verify_only_what_was_signed(tmp_path: Path) -> None:
    key = generate_key(tmp_path, KeyRole.BUILDER)
    (trusted,) = Trust.of(key).keys
    assert key.sign(b"data") == key.sign(b"data")
    assert trusted.verifies(key.sign(b"data"), b"data")
    assert not trusted.verifies(key.sign(b"data"), b"date")
    assert not trusted.verifies(b"", b"data")
