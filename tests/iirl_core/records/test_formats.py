"""What is called by its file's name keeps that name, dots and all."""

from __future__ import annotations

import pytest

from iirl_core.records import RecordFile
from iirl_core.records.formats import format_named, stem_of


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("walks.npz", "walks"),
        ("gpt-3.5-turbo.jsonl", "gpt-3.5-turbo"),
        ("gpt-3.5-turbo.JSONL.gz", "gpt-3.5-turbo"),
        ("vicuna-13b-v1.5.parquet", "vicuna-13b-v1.5"),
        ("shard.0001.json.zst", "shard.0001"),
        ("notes.v1", "notes.v1"),
        ("notes.gz", "notes"),
        (".jsonl", ".jsonl"),
        ("jsonl", "jsonl"),
        ("plain", "plain"),
    ],
)
def test_only_what_says_format_and_compression_is_cut_from_a_name(name: str, stem: str) -> None:
    assert stem_of(name) == stem
    assert RecordFile(f"some.folder/{name}").stem == stem


def test_a_name_says_its_format_and_compression_in_letters_of_either_case() -> None:
    assert format_named("a.b.JSONL.GZ") == ("jsonl", "gzip")
    assert format_named("a.h5") == ("hdf5", None)
    assert format_named("a.gz") == (None, "gzip")
    assert format_named("a") == (None, None)
