"""boto3's client for an endpoint, and its errors in our words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from boto3.exceptions import S3UploadFailedError
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError

from iirl_core.errors import ClusterError, NotFound, one_line

MISSING = {"NoSuchKey", "404", "NotFound"}
_DENIED = {"AccessDenied", "403", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"}


def default_endpoint() -> str | None:
    """The endpoint that the environment asks for; None means Amazon's own."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None


@cache
def client_of(endpoint: str | None) -> Any:
    """One client per endpoint and process; clients are safe among threads."""
    settings = ClientConfig(
        connect_timeout=5,
        read_timeout=60,
        retries={"mode": "standard", "max_attempts": 4},
        max_pool_connections=32,
        s3={"addressing_style": "path" if endpoint else "auto"},
    )
    return boto3.session.Session().client("s3", endpoint_url=endpoint, config=settings)


@contextmanager
def our_errors(key: str, url: str) -> Iterator[None]:
    """Within it boto3's errors about ``key`` of the store at ``url`` are ours.

    Raises:
        NotFound: nothing is stored there.
        ClusterError: anything else went wrong.
    """
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            raise NotFound(f"nothing is stored at {key} in {url}") from error
        raise refused(key, url, error) from error
    except S3UploadFailedError as error:
        raise ClusterError(f"the upload of {key} to {url} failed ({one_line(error)})") from error
    except BotoCoreError as error:
        raise unreachable(url, error) from error


def refused(key: str, url: str, error: ClientError) -> ClusterError:
    """The store answered, and said no."""
    code = error.response["Error"]["Code"]
    if code == "NoSuchBucket":
        bucket = url.removeprefix("s3://").partition("/")[0].partition("?")[0]
        return ClusterError(f"there is no bucket {bucket}", todo="Make it, or mend the store's URL")
    if code in _DENIED:
        return ClusterError(
            f"the object store denies access to {url} ({code})", todo="Mend the AWS credentials or the policy"
        )
    return ClusterError(f"the object store refused {key} in {url} ({one_line(error)})")


def unreachable(url: str, error: BotoCoreError) -> ClusterError:
    """The store did not answer."""
    return ClusterError(
        f"the object store {url} cannot be used ({one_line(error)})",
        todo="Mend the endpoint (AWS_ENDPOINT_URL), the network or the credentials",
    )
