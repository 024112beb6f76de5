from __future__ import annotations

import base64
from pathlib import Path

import pytest

from iirl_core.errors import ConfigError
from serving.access import digest_token, is_loopback, lock_for, may_ask, read_token

LOCK = digest_token("secret")


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("authorization", "api_key"),
    [
        ("Bearer secret", None),
        ("bearer  secret", None),
        (basic("rm", "secret"), None),
        (basic("", "secret"), None),
        (None, "secret"),
    ],
)
def test_the_token_may_come_as_bearer_basic_or_query(authorization: str | None, api_key: str | None) -> None:
    assert may_ask(LOCK, authorization, api_key)


@pytest.mark.parametrize(
    ("authorization", "api_key"),
    [
        (None, None),
        ("Bearer secrets", None),
        ("Bearer secre", None),
        ("Bearer", None),
        ("Bearer ", ""),
        ("Digest secret", None),
        ("secret", None),
        (basic("secret", ""), None),
        ("Basic not-base64!", None),
        ("Basic " + base64.b64encode(b"rm:\xff").decode(), None),
        ("Bearer gehéim", None),
        (None, "other"),
    ],
)
def test_anything_else_is_refused(authorization: str | None, api_key: str | None) -> None:
    assert not may_ask(LOCK, authorization, api_key)


@pytest.mark.parametrize("header", ["Bearer wrong", "Basic not-base64!", basic("rm", "wrong")])
def test_a_wrong_header_is_not_saved_by_a_right_query(header: str) -> None:
    assert not may_ask(LOCK, header, "secret")


def test_without_a_token_anybody_on_this_machine_may_ask() -> None:
    assert may_ask(None, None, None)
    assert lock_for("127.0.0.1", None) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "rewards.internal", ""])  # noqa: S104
def test_a_host_that_others_can_reach_needs_a_token(host: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="token"):
        lock_for(host, None)
    (tmp_path / "token").write_text("secret\n")
    assert lock_for(host, str(tmp_path / "token")) == LOCK


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_addresses_are_known(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("content", [b"", b"\nsecret\n", b"  \n", b"\xff\xfe"])
def test_a_token_file_without_a_token_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(ConfigError, match="token_file"):
        read_token(tmp_path / "token")


def test_a_missing_token_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_token(tmp_path / "token")
