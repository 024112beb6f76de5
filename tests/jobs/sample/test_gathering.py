"""What comes of answers, without Ray."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.fs
import pytest

from iirl_core.canonical import digest_bytes
from iirl_core.config.sampling import SampleSection
from iirl_core.corpus import read_corpus, write_corpus
from iirl_core.demonstration import Conversation, Demonstration, conversation
from iirl_core.policy.source import PolicySource
from iirl_core.store import DirectoryStore
from jobs.sample.chunks import WHOLE, Chunks
from jobs.sample.gathering import records_of, whole_chunks
from jobs.sample.task import ANSWERS, SampleTask
from tests.jobs.train.made import demonstration


def _rows(*texts: str, chunk: int = 0, prompt: int = 0, first: int = 0) -> pa.Table:
    numbered = enumerate(texts, start=first)
    rows = [
        {"chunk": chunk, "prompt": prompt, "number": number, "text": text, "cut": False, "reason": None}
        for number, text in numbered
    ]
    return pa.Table.from_pylist(rows, schema=ANSWERS)


@pytest.fixture
def chunks(tmp_path: Path) -> Chunks:
    """Two prompts."""
    store = DirectoryStore(tmp_path)
    items = [conversation("Open?", "Yes."), conversation("And on Sunday?", "No.")]
    write_corpus(store, "asked", [demonstration(item, "train") for item in items])
    made = Chunks(store, "runs/sampled/sample-a")
    made.write_prompts(read_corpus(store, "asked"), ["train"], None)
    return made


def test_a_chunk_is_whole_when_all_its_answers_are_there_however_often_each_came() -> None:
    tables = [
        _rows("a", "b"),
        _rows("a", "b"),
        _rows("c", chunk=1),
        _rows("c", first=2),
        _rows("b", "c", first=1),
        _rows("d", chunk=1, first=1),
    ]
    found = [(chunk, sorted(table["text"].to_pylist())) for chunk, table in whole_chunks(iter(tables), [3, 2])]
    assert found == [(0, ["a", "b", "c"]), (1, ["c", "d"])]


def test_equal_answers_to_a_prompt_are_as_many_records(chunks: Chunks, tmp_path: Path) -> None:
    answers = _rows("Yes.", "No.", "Yes.", "Yes.", ""), _rows("Yes.", "Yes.", prompt=1)
    chunks.put_answers(0, pa.concat_tables(answers))
    policy = PolicySource(digest_bytes(b"policy"), "untrained", "untrained")
    section = SampleSection(name="answers", model="untrained", prompts="asked", per_prompt=5)
    task = SampleTask(chunks.store.url, "sampled", section, policy, digest_bytes(b"asked"), 0)
    manifest = write_corpus(chunks.store, "answers", records_of(task, chunks))
    assert (manifest.rows, manifest.duplicates, manifest.quarantined) == (6, 0, 1)
    said = [_answer(one) for one in read_corpus(chunks.store, "answers").demonstrations()]
    assert said == ["Yes.", "No.", "Yes.", "Yes.", "Yes.", "Yes."]
    again = list(records_of(task, chunks))
    assert again == list(records_of(task, chunks)), "the same answers have the same ids"


def _answer(one: Demonstration) -> str:
    assert isinstance(one.input, Conversation)
    return one.input.messages[-1].content


class Interrupted(pyarrow.fs.FSSpecHandler):
    """A file system on which removing a folder is stopped at once."""

    def delete_dir(self, path: str) -> None:
        raise KeyboardInterrupt(path)


def test_what_an_interrupted_removal_leaves_is_no_run_to_go_on_with(chunks: Chunks) -> None:
    fsspec = pytest.importorskip("fsspec")
    store = chunks.store

    class Stopping(DirectoryStore):
        def filesystem(self) -> tuple[pyarrow.fs.FileSystem, str]:
            return pyarrow.fs.PyFileSystem(Interrupted(fsspec.filesystem("file"))), super().filesystem()[1]

    assert isinstance(store, DirectoryStore)
    with pytest.raises(KeyboardInterrupt):
        Chunks(Stopping(store.root), chunks.folder).remove()
    assert not store.exists(f"{chunks.folder}/{WHOLE}")
    assert list(store.list(chunks.folder))
    chunks.remove()
    assert not list(store.list(chunks.folder))
    chunks.remove()
