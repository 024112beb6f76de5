from __future__ import annotations

import json

import pytest

from iirl_core.artifact.patch_file import PATCH_FILE, records
from iirl_core.errors import Tampered
from iirl_core.signing.fields import Fields


@pytest.mark.parametrize("text", ["1" + "0" * 400, "-1" + "0" * 400, "1e999", "NaN", "true", '"1"', "null"])
def test_what_is_no_finite_number_is_refused(text: str) -> None:
    with pytest.raises(Tampered, match="finite number"):
        Fields.parse("it", b'{"n": %s}' % text.encode()).number("n")


def test_a_document_nested_without_end_is_refused() -> None:
    for data in (b'{"a":' * 100_000, b"[" * 100_000, b'{"n": %s}' % (b"1" * 10_000)):
        with pytest.raises(Tampered, match="not JSON"):
            Fields.parse("it", data)
        with pytest.raises(Tampered, match="not JSON"):
            records(PATCH_FILE, data)


def test_what_is_refused_is_quoted_in_short() -> None:
    deep = json.loads("[" * 900 + "]" * 900)
    for value in (deep, "x" * 100_000, [0] * 100_000):
        with pytest.raises(Tampered) as caught:
            Fields("it", {"name": value}).number("name")
        assert len(str(caught.value)) < 400
