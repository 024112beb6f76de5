"""The Store in an S3 bucket, through boto3: conditional writes, server-side copies, bulk data through pyarrow.

Credentials, region and endpoint come from the usual places (``AWS_…`` variables, ``~/.aws``, the instance's role).
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.fs
from botocore.exceptions import BotoCoreError, ClientError

from cluster.s3_client import MISSING, client_of, our_errors, refused, unreachable
from iirl_core.errors import Conflict, NotFound
from iirl_core.store.key import STAGING, check_key, check_prefix, is_staged

_LOST = {"PreconditionFailed", "412"}
_BUSY = {"ConditionalRequestConflict", "409", "OperationAborted"}
_COPIES_AT_ONCE = 8
_DELETES_AT_ONCE = 1000
_PUT_AT_ONCE = 8 * 1024**2
"""Bytes; more are sent in parts, as boto3 sends a file: S3 takes at most 5 GB in one request."""
_BUSY_RETRIES = 6


class _Object(NamedTuple):
    """The key in our store, the size in bytes, the time of change in seconds; and the mark of who wrote it, which a
    listing does not say.
    """

    key: str
    size: int
    changed: float
    writer: str | None = None


@dataclass(frozen=True)
class S3Store:
    """A store under ``s3://bucket/prefix``, safe among processes anywhere.

    A published tree is copied, not renamed: its ``last`` file arrives last, so two writers must publish different
    content under different names, as digests do.

    Every method raises ClusterError where the endpoint does not answer or the credentials are denied.
    """

    bucket: str
    prefix: str
    endpoint: str | None

    @property
    def url(self) -> str:
        """``s3://bucket/prefix``, with the endpoint where it is not Amazon's, so that other nodes find the same."""
        base = f"s3://{self.bucket}/{self.prefix}".rstrip("/")
        return f"{base}?endpoint={self.endpoint}" if self.endpoint else base

    def get(self, key: str) -> bytes:
        """The bytes under ``key``; NotFound where there are none."""
        return self._read(key)[0]

    def exists(self, key: str) -> bool:
        """Whether ``key`` holds bytes."""
        try:
            self._head(key)
        except NotFound:
            return False
        return True

    def put(self, key: str, data: bytes) -> None:
        """Store or replace, in parts where it is large."""
        name = self._name(key)
        with our_errors(key, self.url):
            if len(data) > _PUT_AT_ONCE:
                self._client.upload_fileobj(BytesIO(data), self.bucket, name)
            else:
                self._client.put_object(Bucket=self.bucket, Key=name, Body=data)

    def put_file(self, key: str, path: Path) -> None:
        """Store or replace from a local file, in parts where it is large."""
        name = self._name(key)
        with our_errors(key, self.url):
            self._client.upload_file(str(path), self.bucket, name)

    def copy(self, source: str, target: str) -> None:
        """A server-side copy, in parts where it is large; NotFound where ``source`` holds nothing."""
        origin, name = self._name(source), self._name(target)
        with our_errors(source, self.url):
            self._client.copy({"Bucket": self.bucket, "Key": origin}, self.bucket, name)

    def create(self, key: str, data: bytes) -> None:
        """Store what must not exist yet (``If-None-Match: *``); Conflict where it does."""
        self._put_if(key, data, f"{key} exists already", IfNoneMatch="*")

    def swap(self, key: str, expected: bytes | None, data: bytes) -> None:
        """Replace ``expected`` by ``data`` (``If-Match`` with its ETag); Conflict where something else is stored."""
        if expected is None:
            self.create(key, data)
            return
        changed = f"{key} changed meanwhile"
        try:
            seen, etag = self._read(key)
        except NotFound as error:
            raise Conflict(changed, todo="Read it again and retry") from error
        if seen != expected:
            raise Conflict(changed, todo="Read it again and retry")
        self._put_if(key, data, changed, IfMatch=etag)

    def list(self, prefix: str) -> Iterator[str]:
        """Keys that start with ``prefix``, in lexicographic order, page by page as they are asked for."""
        for one in self._objects(check_prefix(prefix)):
            if not is_staged(one.key):
                yield one.key

    def stage(self) -> str:
        """A new prefix ``staging/UNIQUE``; S3 has no folders to make."""
        return f"{STAGING}/{uuid.uuid4().hex}"

    def publish(self, staged: str, final: str, last: str) -> None:
        """Copy the staged tree to ``final``, ``last`` last, and remove it; only remove it where ``last`` is there.

        Raises:
            NotFound: ``last`` is neither staged nor published.
        """
        names = [one.key.removeprefix(staged + "/") for one in self._objects(check_key(staged) + "/")]
        if not self.exists(f"{final}/{last}"):
            if last not in names:
                raise NotFound(f"{staged} holds no {last}", "a complete staged tree")
            first = [name for name in names if name != last]
            with ThreadPoolExecutor(_COPIES_AT_ONCE) as pool:
                list(pool.map(lambda name: self.copy(f"{staged}/{name}", f"{final}/{name}"), first))
            self.copy(f"{staged}/{last}", f"{final}/{last}")
        self._remove(staged)

    def filesystem(self) -> tuple[pyarrow.fs.FileSystem, str]:
        """Pyarrow's own S3 client, which must be told the endpoint, and ``bucket/prefix``."""
        scheme, _, host = (self.endpoint or "").rpartition("://")
        filesystem = pyarrow.fs.S3FileSystem(
            endpoint_override=host or None,
            scheme=scheme or "https",
            region=self._client.meta.region_name if self._client.meta.region_name != "aws-global" else None,
            tls_ca_file_path=os.environ.get("AWS_CA_BUNDLE") if scheme != "http" else None,
        )
        return filesystem, f"{self.bucket}/{self.prefix}".rstrip("/")

    def local_file(self, key: str, cache: Path) -> Path:
        """Download it, unless ``cache`` has it (by size and time of change); NotFound where there is nothing."""
        self._download(self._head(key), cache)
        return cache / key

    def local(self, prefix: str, cache: Path) -> Path:
        """Download what ``cache`` does not have yet (by size and time of change) and give the folder.

        Raises:
            NotFound: nothing is stored there.
        """
        prefix = check_key(prefix.removesuffix("/"))
        objects = list(self._objects(prefix + "/"))
        if not objects:
            raise NotFound(f"nothing is stored under {prefix} in {self.url}")
        with ThreadPoolExecutor(_COPIES_AT_ONCE) as pool:
            list(pool.map(lambda one: self._download(one, cache), objects))
        return cache / prefix

    @property
    def _client(self) -> Any:
        return client_of(self.endpoint)

    def _name(self, key: str) -> str:
        return f"{self.prefix}/{check_key(key)}".lstrip("/")

    def _read(self, key: str) -> tuple[bytes, str]:
        name = self._name(key)
        with our_errors(key, self.url):
            answer = self._client.get_object(Bucket=self.bucket, Key=name)
            return answer["Body"].read(), answer["ETag"]

    def _head(self, key: str) -> _Object:
        """What S3 says of the object; NotFound where there is none."""
        name = self._name(key)
        with our_errors(key, self.url):
            head = self._client.head_object(Bucket=self.bucket, Key=name)
        changed = head["LastModified"].timestamp()
        return _Object(key, head["ContentLength"], changed, head["Metadata"].get("writer"))

    def _put_if(self, key: str, data: bytes, conflict: str, **condition: str) -> None:
        # boto3 repeats a request whose answer was lost; the repetition then fails on what the first one wrote. The
        # writer's mark tells that from somebody else's write.
        name, writer = self._name(key), uuid.uuid4().hex
        for attempt in range(_BUSY_RETRIES):
            try:
                self._client.put_object(
                    Bucket=self.bucket, Key=name, Body=data, Metadata={"writer": writer}, **condition
                )
                return
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code in _BUSY and attempt + 1 < _BUSY_RETRIES:
                    time.sleep(0.05 * 2**attempt)
                    continue
                if code not in _LOST | _BUSY | MISSING:
                    raise refused(key, self.url, error) from error
                if code in _LOST and self._head(key).writer == writer:
                    return
                raise Conflict(conflict, todo="Read it again and retry") from error
            except BotoCoreError as error:
                raise unreachable(self.url, error) from error

    def _objects(self, prefix: str) -> Iterator[_Object]:
        """Every object under ``prefix``; the markers of folders are skipped."""
        for one in self._stored(prefix):
            if not one["Key"].endswith("/"):
                key = one["Key"].removeprefix(f"{self.prefix}/" if self.prefix else "")
                yield _Object(key, one["Size"], one["LastModified"].timestamp())

    def _stored(self, prefix: str) -> Iterator[Any]:
        base = f"{self.prefix}/{prefix}" if self.prefix else prefix
        with our_errors(prefix, self.url):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=base):
                yield from page.get("Contents", [])

    def _download(self, one: _Object, cache: Path) -> None:
        path = cache / one.key
        if path.is_file() and path.stat().st_size == one.size and path.stat().st_mtime == one.changed:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        with our_errors(one.key, self.url):
            self._client.download_file(self.bucket, self._name(one.key), str(temporary))
        os.utime(temporary, (one.changed, one.changed))
        os.replace(temporary, path)

    def _remove(self, staged: str) -> None:
        names = [{"Key": one["Key"]} for one in self._stored(staged + "/")]
        with our_errors(staged, self.url):
            for start in range(0, len(names), _DELETES_AT_ONCE):
                batch = names[start : start + _DELETES_AT_ONCE]
                self._client.delete_objects(Bucket=self.bucket, Delete={"Objects": batch, "Quiet": True})
