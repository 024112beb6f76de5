import hashlib

import pytest

from iirl_core.errors import ConfigError
from jobs.ingest.sources import describe_files, find_files


@pytest.fixture
def folder(tmp_path):
    for name in ("b.jsonl", "a.jsonl", "sub/c.jsonl", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_files_come_in_the_order_of_the_patterns_and_none_twice(folder):
    found = find_files([str(folder / "sub/*.jsonl"), str(folder / "**/*.jsonl")])
    assert [file.name for file in found] == ["c.jsonl", "a.jsonl", "b.jsonl"]


def test_a_file_whose_name_has_signs_of_a_glob_is_found(folder):
    (folder / "x[1].jsonl").write_text("")
    assert [file.name for file in find_files([str(folder / "x[1].jsonl")])] == ["x[1].jsonl"]


def test_a_pattern_without_files_is_named(folder):
    with pytest.raises(ConfigError, match=r"no file at .*missing.jsonl"):
        find_files([str(folder / "*.jsonl"), str(folder / "missing.jsonl")])
    with pytest.raises(ConfigError, match="no file at"):
        find_files([str(folder / "sub")])


def test_a_file_of_no_known_format_is_named(folder):
    with pytest.raises(ConfigError, match=r"notes.txt is of no known format"):
        find_files([str(folder / "notes.txt")])


def test_files_are_described_by_name_size_and_digest(folder):
    (described,) = describe_files(find_files([str(folder / "a.jsonl")]))
    assert (described.name, described.bytes) == ("a.jsonl", 7)
    assert described.digest == "sha256:" + hashlib.sha256(b"a.jsonl").hexdigest()
