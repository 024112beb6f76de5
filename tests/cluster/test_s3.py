from __future__ import annotations

import os
import urllib.request
import uuid
from pathlib import Path

import boto3
import pyarrow.fs
import pytest
from botocore.exceptions import ReadTimeoutError

from cluster.s3 import S3Store
from cluster.s3_client import client_of
from cluster.store import open_store
from iirl_core.errors import ClusterError, ConfigError, Conflict
from iirl_core.store import DirectoryStore, Store
from tests.cluster.object_store import KEYS_PER_PAGE, free_port
from tests.iirl_core.store.test_store_contract import StoreContract


@pytest.fixture(scope="module")
def bucket(endpoint: str) -> str:
    name = f"bucket-{uuid.uuid4().hex[:8]}"
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=name)
    return name


class TestS3Store(StoreContract):
    @pytest.fixture
    def store(self, endpoint: str, bucket: str) -> Store:
        return open_store(f"s3://{bucket}/{uuid.uuid4().hex}?endpoint={endpoint}")


@pytest.fixture
def store(endpoint: str, bucket: str) -> S3Store:
    return S3Store(bucket, uuid.uuid4().hex, endpoint)


def test_a_store_needs_no_prefix(endpoint: str) -> None:
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket="whole-bucket")
    store = open_store(f"s3://whole-bucket?endpoint={endpoint}")
    staged = store.stage()
    store.put(f"{staged}/m", b"1")
    store.publish(staged, "a/b", last="m")
    filesystem, root = store.filesystem()
    assert list(store.list("")) == ["a/b/m"]
    assert filesystem.get_file_info(f"{root}/a/b/m").size == 1


def test_the_endpoint_of_the_environment_is_used_and_travels_in_the_url(
    endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    store = open_store(f"s3://{bucket}/env")
    store.put("a", b"1")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    again = open_store(store.url)
    assert again == store
    assert again.get("a") == b"1"
    filesystem, root = again.filesystem()
    assert filesystem.get_file_info(f"{root}/a").type == pyarrow.fs.FileType.File


def test_two_prefixes_of_one_bucket_are_two_stores(endpoint: str, bucket: str) -> None:
    one, two = (S3Store(bucket, prefix, endpoint) for prefix in ("same", "same2"))
    one.put("a", b"1")
    assert not two.exists("a")
    assert list(one.list("")) == ["a"]


def test_more_keys_than_a_page_are_listed_in_order_and_published(store: S3Store) -> None:
    names = [f"{number:03d}" for number in range(2 * KEYS_PER_PAGE + 1)]
    staged = store.stage()
    for name in names:
        store.put(f"{staged}/{name}", b"1")
    store.publish(staged, "many", last="000")
    assert list(store.list("many/")) == [f"many/{name}" for name in names]
    assert not store.exists(f"{staged}/{names[-1]}")


def test_the_markers_of_folders_are_no_keys(store: S3Store) -> None:
    filesystem, root = store.filesystem()
    filesystem.create_dir(f"{root}/corpora/x")
    assert list(store.list("")) == []


def test_a_write_whose_answer_was_lost_is_not_taken_for_somebody_elses(
    store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(store.endpoint)
    send = client._endpoint._send
    lose = [True]

    def answer_lost(request: object) -> object:
        response = send(request)
        if lose:
            lose.clear()
            raise ReadTimeoutError(endpoint_url=store.endpoint)
        return response

    monkeypatch.setattr(client._endpoint, "_send", answer_lost)
    store.create("log/1", b"mine")
    assert not lose, "no answer was lost"
    assert store.get("log/1") == b"mine"
    lose.append(True)
    with pytest.raises(Conflict):
        store.create("log/1", b"another's")
    assert store.get("log/1") == b"mine"


def test_what_is_large_is_sent_in_parts(store: S3Store) -> None:
    large = bytes(range(256)) * 65_536 + b"the end"
    store.put("runs/x", large)
    store.put("runs/y", b"small")
    found = {
        key: client_of(store.endpoint).head_object(Bucket=store.bucket, Key=f"{store.prefix}/{key}")
        for key in ("runs/x", "runs/y")
    }
    assert {key: "-" in one["ETag"] for key, one in found.items()} == {"runs/x": True, "runs/y": False}
    assert store.get("runs/x") == large


def test_local_downloads_only_what_changed(store: S3Store, tmp_path: Path) -> None:
    store.put("artifacts/x/a", b"1")
    store.put("artifacts/x/b", b"1")
    folder = store.local("artifacts/x", tmp_path)
    (folder / "a").write_bytes(b"2")
    os.utime(folder / "a", (store_time := (folder / "b").stat().st_mtime, store_time + 60))
    inode = (folder / "b").stat().st_ino
    assert store.local("artifacts/x/", tmp_path) == folder
    assert (folder / "a").read_bytes() == b"1"
    assert (folder / "b").stat().st_ino == inode
    assert sorted(path.name for path in folder.iterdir()) == ["a", "b"]


def test_an_endpoint_that_does_not_answer_is_one_line(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    nowhere = S3Store("some-bucket", "", f"http://127.0.0.1:{free_port()}")
    for ask in (lambda: nowhere.get("a"), lambda: list(nowhere.list("")), lambda: nowhere.create("a", b"1")):
        with pytest.raises(ClusterError, match="cannot be used") as caught:
            ask()
        assert "\n" not in str(caught.value)


def test_a_missing_bucket_is_one_line(endpoint: str) -> None:
    for ask in (lambda s: s.get("a"), lambda s: list(s.list("")), lambda s: s.put("a", b"1")):
        with pytest.raises(ClusterError, match="there is no bucket no-such-bucket"):
            ask(S3Store("no-such-bucket", "", endpoint))


def test_denied_credentials_are_one_line(endpoint: str, bucket: str) -> None:
    # The server checks credentials from now on: ours belong to nobody.
    reset = boto3.client("s3", endpoint_url=endpoint).meta.endpoint_url + "/moto-api/reset-auth"
    _post(reset, b"0")
    try:
        for ask in (lambda s: s.get("a"), lambda s: list(s.list("")), lambda s: s.create("a", b"1")):
            with pytest.raises(ClusterError, match="denies access") as caught:
                ask(S3Store(bucket, "", endpoint))
            assert "\n" not in str(caught.value)
    finally:
        _post(reset, b"inf")


def test_no_credentials_at_all_are_one_line(monkeypatch: pytest.MonkeyPatch, endpoint: str, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    client_of.cache_clear()
    try:
        with pytest.raises(ClusterError, match="credentials"):
            S3Store("some-bucket", "", endpoint).get("a")
    finally:
        client_of.cache_clear()


@pytest.mark.parametrize("url", ["gs://bucket/x", "s3://", "s3:///x", "s3://b?region=x", "s3://UPPER/x", "http://x/y"])
def test_a_url_that_no_store_has_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="store"):
        open_store(url)


def test_a_path_and_a_file_url_are_folders(tmp_path: Path) -> None:
    assert open_store(str(tmp_path)) == open_store(f"file://{tmp_path}") == DirectoryStore(tmp_path)


def _post(url: str, body: bytes) -> None:
    request = urllib.request.Request(url, body, {"Content-Type": "text/plain"}, method="POST")  # noqa: S310
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
