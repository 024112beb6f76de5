"""Parts of an audit: written whole, gone on with, the same whoever worked on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from iirl_core.audit import ChunkResult, audit_chunk
from iirl_core.canonical import Digest
from iirl_core.errors import ArtifactError
from iirl_core.probe import ChunkSeed, material_of
from iirl_core.store import DirectoryStore
from jobs.audit import plan
from jobs.audit.parts import Parts
from jobs.audit.plan import plan_of
from jobs.scorer import Chunk
from tests.iirl_core.probe.samples import DIGEST, off_arc, planar

CHUNKS = tuple(Chunk(ChunkSeed(DIGEST, 1, "uniform", number), 20) for number in range(7))


@pytest.fixture(autouse=True)
def three_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.audit.parts.TOGETHER", 3)


def parts(folder: Path, name: str = "plan") -> Parts:
    return Parts(DirectoryStore(folder / "store"), Digest(DIGEST), 1, name, CHUNKS, 64)


def ask(chunks: Sequence[Chunk]) -> Iterator[tuple[int, ChunkResult]]:
    model, _, train = planar()
    material = material_of(model, [off_arc()], train)
    for index, chunk in enumerate(chunks):
        yield index, audit_chunk(model, [off_arc()], chunk.seed, chunk.count, material)


def backwards(chunks: Sequence[Chunk]) -> Iterator[tuple[int, ChunkResult]]:
    return reversed(list(ask(chunks)))


def test_every_chunk_is_in_one_part_and_parts_come_as_they_are_done(tmp_path: Path) -> None:
    found = list(parts(tmp_path).results(ask))
    assert [number for number, _, _ in found] == [0, 1, 2]
    assert [result.asked for _, _, result in found] == [60, 60, 20]
    assert [number for number, _, _ in parts(tmp_path / "b").results(backwards)] == [2, 1, 0]


def test_whoever_asked_in_whatever_order_the_files_are_the_same(tmp_path: Path) -> None:
    forth = {number: digest for number, digest, _ in parts(tmp_path / "a").results(ask)}
    back = {number: digest for number, digest, _ in parts(tmp_path / "b").results(backwards)}
    assert forth == back


def test_an_audit_that_was_interrupted_asks_only_what_is_missing(tmp_path: Path) -> None:
    whole = {number: digest for number, digest, _ in parts(tmp_path / "a").results(ask)}
    asked: list[Chunk] = []

    def interrupted(chunks: Sequence[Chunk]) -> Iterator[tuple[int, ChunkResult]]:
        for place, (index, result) in enumerate(ask(chunks)):
            if place == 5:
                raise KeyboardInterrupt
            yield index, result

    def noting(chunks: Sequence[Chunk]) -> Iterator[tuple[int, ChunkResult]]:
        asked.extend(chunks)
        return ask(chunks)

    with pytest.raises(KeyboardInterrupt):
        list(parts(tmp_path / "b").results(interrupted))
    assert parts(tmp_path / "b").there() == [0], "what was not whole was not written"
    found = {number: digest for number, digest, _ in parts(tmp_path / "b").results(noting)}
    assert found == whole
    assert asked == list(CHUNKS[3:])
    assert {number: digest for number, digest, _ in parts(tmp_path / "b").results(noting)} == whole
    assert len(asked) == 4, "nothing is asked where all parts are there"


def test_a_part_that_was_cut_short_is_named_and_asked_again_once_it_is_gone(tmp_path: Path) -> None:
    whole = list(parts(tmp_path).results(ask))
    file = next((tmp_path / "store").rglob("000001.parquet"))
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(ArtifactError, match=r"000001\.parquet in .*--resume"):
        list(parts(tmp_path).results(ask))
    file.unlink()
    again = sorted((number, digest) for number, digest, _ in parts(tmp_path).results(ask))
    assert again == [(number, digest) for number, digest, _ in whole]


def test_parts_of_another_plan_are_not_taken_for_ours(tmp_path: Path) -> None:
    list(parts(tmp_path).results(ask))
    assert parts(tmp_path, "other").there() == []


def test_a_plan_is_another_one_where_anything_differs_that_decides_what_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, _, train = planar()
    material = material_of(model, [off_arc()], train)
    named = plan_of(CHUNKS, [off_arc()], material, 64)
    assert named == plan_of(CHUNKS, [off_arc()], material_of(model, [off_arc()], train), 64)
    fewer = material_of(model, [off_arc()], train[:-1])
    changed = [
        plan_of(CHUNKS[:-1], [off_arc()], material, 64),
        plan_of(CHUNKS, [], material, 64),
        plan_of(CHUNKS, [off_arc()], fewer, 64),
        plan_of(CHUNKS, [off_arc()], material, 32),
        plan_of([Chunk(ChunkSeed(DIGEST, 2, "uniform", 0), 20), *CHUNKS[1:]], [off_arc()], material, 64),
        plan_of([replace(CHUNKS[0], shrunk=3), *CHUNKS[1:]], [off_arc()], material, 64),
    ]
    monkeypatch.setattr(plan, "FORMAT", plan.FORMAT + 1)
    changed.append(plan_of(CHUNKS, [off_arc()], material, 64))
    monkeypatch.undo()
    monkeypatch.setattr(plan, "NUMBER", replace(plan.NUMBER, hard=False))
    changed.append(plan_of(CHUNKS, [off_arc()], material, 64))
    assert len({named, *changed}) == 9
    assert plan.TOGETHER == 16
