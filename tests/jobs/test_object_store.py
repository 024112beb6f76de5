"""Releasing and proving with everything in S3: the tools know no difference."""

from __future__ import annotations

import io
from pathlib import Path

import boto3
import pytest
from rich.console import Console

from cluster.session import Session
from cluster.store import open_store
from iirl_core.canonical import folder_of
from iirl_core.log import verify_chain
from iirl_core.store import Store
from jobs import release, verify
from tests.cluster.object_store import CREDENTIALS, environment, object_store
from tests.jobs.wheel import Wheel, quiet


def failures(store: Store, keys: Path) -> str:
    printed = io.StringIO()
    verify.run(store, "sample@production", keys, console=Console(file=printed, soft_wrap=True))
    return "\n".join(line for line in printed.getvalue().splitlines() if line.startswith("FAILED"))


def test_a_release_in_an_object_store_is_made_and_proved(
    wheel: Wheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))  # downloads are kept there
    with object_store() as endpoint, environment(**CREDENTIALS):
        boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket="wheel")
        store = open_store(f"s3://wheel/iirl?endpoint={endpoint}")
        for key in wheel.store.list(""):
            store.put(key, wheel.store.get(key))
        for _ in range(2):
            release.run(Session(store), wheel.config, quiet())
        assert failures(store, wheel.keys) == ""
        assert verify_chain(store) == 5
        store.put(f"artifacts/{folder_of(wheel.child)}/README.md", b"It is safe.")
        assert "README.md" in failures(store, wheel.keys)
