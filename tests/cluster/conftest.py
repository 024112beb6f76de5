"""One S3 server for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.object_store import CREDENTIALS, environment, object_store


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The address of an S3 server on loopback, with credentials for it in the environment."""
    with object_store() as address, environment(**CREDENTIALS):
        yield address
