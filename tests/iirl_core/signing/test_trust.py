from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from iirl_core.errors import ConfigError
from iirl_core.signing import KeyRole, Trust, generate_key


def test_a_role_may_have_several_keys_by_the_beginning_of_the_files_name(tmp_path: Path) -> None:
    first = generate_key(tmp_path / "one", KeyRole.APPROVER)
    second = generate_key(tmp_path / "two", KeyRole.APPROVER)
    (tmp_path / "two" / "approver.pub").rename(tmp_path / "approver-second.pub")
    trust = Trust.from_files([tmp_path / "one" / "approver.pub", tmp_path / "approver-second.pub"])
    assert [key.id for key in trust.keys] == [first.id, second.id]
    assert {key.role for key in trust.keys} == {KeyRole.APPROVER}


def test_one_key_may_have_two_roles(tmp_path: Path) -> None:
    key = generate_key(tmp_path, KeyRole.BUILDER)
    (tmp_path / "auditor.pub").write_bytes((tmp_path / "builder.pub").read_bytes())
    assert {one.role for one in Trust.from_folder(tmp_path).find(key.id)} == {KeyRole.BUILDER, KeyRole.AUDITOR}


def test_an_auditors_key_never_speaks_as_a_person(tmp_path: Path) -> None:
    generate_key(tmp_path, KeyRole.AUDITOR)
    (tmp_path / "reviewer-ann.pub").write_bytes((tmp_path / "auditor.pub").read_bytes())
    with pytest.raises(ConfigError, match=r"reviewer-ann\.pub is an auditor's key, too"):
        Trust.from_folder(tmp_path)


def test_an_empty_folder_trusts_nobody_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no public keys"):
        Trust.from_folder(tmp_path)


@pytest.mark.parametrize(("name", "message"), [("friend.pub", "says no role"), ("builder.pub", "not a public key")])
def test_a_file_that_is_no_trusted_key_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / name).write_bytes(b"hello")
    with pytest.raises(ConfigError, match=message):
        Trust.from_files([tmp_path / name])


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        Trust.from_files([tmp_path / "builder.pub"])


def test_a_private_key_is_not_taken_for_a_public_one(tmp_path: Path) -> None:
    generate_key(tmp_path, KeyRole.BUILDER)
    (tmp_path / "auditor.pub").write_bytes((tmp_path / "builder.key").read_bytes())
    with pytest.raises(ConfigError, match="not a public key"):
        Trust.from_folder(tmp_path)


def test_trust_travels_to_other_processes(tmp_path: Path) -> None:
    trust = Trust.of(generate_key(tmp_path, KeyRole.BUILDER))
    assert pickle.loads(pickle.dumps(trust)) == trust  # noqa: S301
